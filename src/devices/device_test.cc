#include "devices/device.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "devices/device_profile.h"
#include "devices/payload_mapping.h"

namespace dos {
namespace {

auto const midday = *parse_timestamp("2026-11-21T12:00:00Z");

timestamp at(std::string_view text) { return *parse_timestamp(text); }

TEST(a_state, changes_along_the_life_of_a_device) {
  using enum device_state;
  EXPECT_TRUE(may_change(planned, active));
  EXPECT_TRUE(may_change(active, maintenance));
  EXPECT_TRUE(may_change(maintenance, active));
  EXPECT_TRUE(may_change(replaced, planned));
  EXPECT_FALSE(may_change(planned, maintenance));
  EXPECT_FALSE(may_change(replaced, active));
  EXPECT_FALSE(may_change(retired, active));
}

TEST(a_device, gives_its_values_to_the_point_at_which_it_was_mounted_at_that_time) {
  auto const d = device{.mounts = {{"urn:a", at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z")},
                                   {"urn:b", at("2026-02-01T00:00:00Z"), no_time}}};
  EXPECT_EQ(nullptr, d.mount_at(at("2025-12-31T23:59:59Z")));
  EXPECT_EQ("urn:a", d.mount_at(at("2026-01-31T23:59:59Z"))->measuring_point);
  EXPECT_EQ("urn:b", d.mount_at(at("2026-02-01T00:00:00Z"))->measuring_point);
  EXPECT_EQ("urn:b", d.mount_at(at("2030-01-01T00:00:00Z"))->measuring_point);
}

TEST(a_device, reads_back_as_it_was_written) {
  auto const d =
      device{.id = "0011223344556677",
             .name = "Kita Nord",
             .profile = "x",
             .state = device_state::maintenance,
             .provenance = provenance::simulated,
             .mounts = {{"urn:a", at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z")}},
             .calibrations = {{at("2026-01-05T00:00:00Z"), "temperature", 1.5, -0.25, "cellar", "anna", no_time}}};
  EXPECT_EQ(to_json(d), to_json(read_device(to_json(d))));
}

TEST(an_eui, is_read_as_people_write_it) {
  EXPECT_EQ("70b3d57ba0000bce", parse_eui("70-B3-D5-7B-A0-00-0B-CE"));
  EXPECT_EQ("70b3d57ba0000bce", parse_eui("70:b3:d5:7b:a0:00:0b:ce"));
  EXPECT_FALSE(parse_eui("70B3D57BA0000BC"));
  EXPECT_FALSE(parse_eui("70B3D57BA0000BCG"));
}

device_profile climate() {
  return read_device_profile(
      json::parse(R"({"id": "climate", "entity": {"type": "IndoorEnvironmentObserved"}, "attributes": [
      {"attribute": "temperature", "from": "temp", "unit": "CEL"},
      {"attribute": "co2", "from": "gas.0.co2", "unit": "59", "scale": 0.1},
      {"attribute": "doorState", "from": "door", "values": {"0": "closed", "1": "open", "true": "open"}},
      {"attribute": "location", "from": "gps", "type": "GeoProperty"},
      {"attribute": "batteryLevel", "from": "battery", "unit": "P1", "scale": 0.01, "target": "device"}]})"));
}

json::object mapped(device_profile const& p, char const* decoded, device const& d = {},
                    timestamp t = timestamp{1'790'000'000'000'000}) {
  auto o = json::object();
  for (auto const& m : map_payload(p, json::parse(decoded), d, {t, t}).values) o.push(m.rule->attribute, m.value);
  return o;
}

TEST(a_payload, becomes_attributes_by_the_rules_of_its_profile) {
  auto const p = climate();
  EXPECT_EQ(json::value(mapped(p, R"({"temp": 21.5, "gas": [{"co2": 4123}], "door": 1.0, "battery": 87})")),
            json::parse(R"({"temperature": 21.5, "co2": 412.3, "doorState": "open", "batteryLevel": 0.87})"));
  EXPECT_EQ(json::value(mapped(p, R"({"temp": "21.50", "gps": {"lat": 51.5, "lng": 7.4}})")),
            json::parse(R"({"temperature": 21.5, "location": {"type": "Point", "coordinates": [7.4, 51.5]}})"));
}

TEST(a_payload, is_read_where_the_variables_of_its_device_say) {
  auto const p =
      read_device_profile(json::parse(R"({"id": "relays", "entity": {"type": "StreetlightGroup"}, "attributes": [
      {"attribute": "powerState", "from": "Relay_{relay:1}"}, {"attribute": "level", "from": "{side}.level"}]})"));
  auto const decoded = R"({"Relay_1": "on", "Relay_2": "off", "left": {"level": 3}})";
  auto const on = [](char const* variables) { return device{.variables = json::parse(variables)}; };
  EXPECT_EQ(json::value(mapped(p, decoded, on(R"({"relay": 2, "side": "left"})"))),
            json::parse(R"({"powerState": "off", "level": 3})"));
  EXPECT_EQ(json::value(mapped(p, decoded, on(R"({"side": "right"})"))), json::parse(R"({"powerState": "on"})"));
  auto const known_in_part = map_payload(p, json::parse(decoded), {}, {midday, midday});
  EXPECT_EQ(1u, known_in_part.values.size());
  ASSERT_EQ(1u, known_in_part.problems.size());
  EXPECT_EQ("level", known_in_part.problems[0].attribute);
}

TEST(a_payload, keeps_its_good_values_and_tells_of_the_bad) {
  auto const m = map_payload(climate(), json::parse(R"({"temp": 21.5, "door": 7, "battery": "flat"})"), {}, {midday, midday});
  ASSERT_EQ(1u, m.values.size());
  EXPECT_EQ("temperature", m.values[0].rule->attribute);
  ASSERT_EQ(2u, m.problems.size());
  EXPECT_EQ("doorState", m.problems[0].attribute);
  EXPECT_EQ(R"("battery" is to be a number, but the payload has "flat")", m.problems[1].detail);
}

TEST(a_payload, may_hold_measurements_with_times_of_their_own) {
  auto const p = read_device_profile(json::parse(R"({"id": "logger", "entity": {"type": "T"},
      "history": {"from": "log", "time": "ts"}, "attributes": [{"attribute": "temperature", "from": "temp", "unit": "CEL"}]})"));
  auto const decoded = R"({"temp": 3, "log": [{"ts": 1665561758, "temp": 1}, {"ts": "2026-11-21T11:00:00Z", "temp": 2},
      {"ts": 1796000000000, "temp": 4}, {"ts": 0, "temp": 5}, {"temp": 6}]})";
  auto const m = map_payload(p, json::parse(decoded), {}, {midday, midday});
  auto told = std::string();
  for (auto const& v : m.values) told += to_string(v.at) + " " + json::to_string(v.value) + "\n";
  EXPECT_EQ("2026-11-21T12:00:00Z 3\n2022-10-12T08:02:38Z 1\n2026-11-21T11:00:00Z 2\n", told);
  EXPECT_EQ(3u, m.problems.size()) << "times ahead, at the beginning of the clock, and none";
}

TEST(a_payload, tells_what_was_before_as_most_codecs_do_unless_its_profile_says_otherwise) {
  auto const m = map_payload(climate(), json::parse(R"({"temp": 3, "history": [{"timestamp": 1665561758, "temp": 1},
      {"note": "no measurement"}]})"), {}, {midday, midday});
  ASSERT_EQ(2u, m.values.size());
  EXPECT_EQ("2022-10-12T08:02:38Z", to_string(m.values[1].at));
  EXPECT_TRUE(m.problems.empty());
}

TEST(a_list_of_measurements, is_read_one_by_one) {
  auto const p = read_device_profile(json::parse(R"({"id": "normal", "entity": {"type": "T"},
      "attributes": [{"attribute": "temperature", "from": "air.temperature", "unit": "CEL"}]})"));
  auto const m = map_payload(p, json::parse(R"([{"time": "2026-11-21T11:55:00Z", "air": {"temperature": 20}},
      {"air": {"temperature": 21}}])"), {}, {midday, midday});
  ASSERT_EQ(2u, m.values.size());
  EXPECT_EQ("2026-11-21T11:55:00Z", to_string(m.values[0].at));
  EXPECT_EQ(midday, m.values[1].at);
}

TEST(a_battery_level, that_means_none_is_no_value) {
  auto const p = read_device_profile(json::parse(R"({"id": "b", "entity": {"type": "T"}, "attributes": [
      {"attribute": "temperature", "from": "t"},
      {"attribute": "batteryLevel", "from": "b", "unit": "C62", "scale": 0.01, "target": "device"}]})"));
  for (auto const* level : {"254", "255", "-1"}) {
    EXPECT_EQ(json::value(mapped(p, (std::string(R"({"t": 1, "b": )") + level + "}").c_str())),
              json::parse(R"({"temperature": 1})"));
  }
  EXPECT_EQ(json::value(mapped(p, R"({"b": 100})")), json::parse(R"({"batteryLevel": 1})"));
}

TEST(a_profile, names_the_ports_of_its_measurements) {
  auto const profile = [](char const* port) {
    return read_device_profile(json::parse(std::string(R"({"id": "p", "f_port": )") + port +
                                           R"(, "entity": {"type": "T"}, "attributes": [{"attribute": "a", "from": "a"}]})"));
  };
  EXPECT_TRUE(profile("[85, 86]").speaks_on(86));
  EXPECT_FALSE(profile("85").speaks_on(86));
  EXPECT_TRUE(profile("null").speaks_on(86));
  EXPECT_EQ(json::parse("[85]"), *to_json(profile("85")).find("f_port"));
  EXPECT_THROW(profile("0"), fault);
}

TEST(a_device, without_deveui_goes_by_the_name_its_network_gives_it) {
  EXPECT_EQ("lamp-7", parse_device_id("lamp-7"));
  EXPECT_EQ("70b3d57ba0000bce", parse_device_id("70-B3-D5-7B-A0-00-0B-CE"));
  for (auto const* wrong : {"ab", "Lamp", "lamp--7", "-lamp", "lamp/7", ""}) EXPECT_FALSE(parse_device_id(wrong)) << wrong;
  auto const d = device{.id = "lamp-7", .name = "Lamp", .profile = "lamp"};
  EXPECT_EQ("lamp-7", to_json(d).text_or("deviceId", ""));
  EXPECT_EQ("lamp-7", read_device(to_json(d)).id);
}

TEST(a_payload, that_does_not_fit_is_rejected_in_plain_words) {
  auto const p = climate();
  for (auto const& [decoded, detail] :
       {std::pair{R"({"temp": "warm"})", R"("temp" is to be a number, but the payload has "warm")"},
        {R"({"temp": true})", R"("temp" is to be a number, but the payload has true)"},
        {R"({"door": 7})", R"("door" is to be one of {"0":"closed","1":"open","true":"open"}, but the payload has 7)"},
        {R"({"gps": {"lat": 91, "lng": 0}})",
         R"("gps" is to be a place on earth, but the payload has {"lat":91,"lng":0})"},
        {R"({"temp": null, "x": 1})",
         R"(none of the values of profile climate is in the payload, which has {"temp":null,"x":1})"}}) {
    try {
      mapped(p, decoded);
      ADD_FAILURE() << decoded << " was taken";
    } catch (fault const& f) {
      EXPECT_EQ(detail, f.detail);
    }
  }
}

TEST(a_calibration, corrects_what_is_measured_from_its_date_on) {
  auto const d = device{.calibrations = {{at("2026-03-01T00:00:00Z"), "temperature", 1, 0.5, "", "", no_time},
                                         {at("2026-06-01T00:00:00Z"), "temperature", 2, 0, "", "", no_time}}};
  auto const p = climate();
  EXPECT_EQ(20, mapped(p, R"({"temp": 20})", d, at("2026-02-28T23:59:59Z")).find("temperature")->as_double());
  EXPECT_EQ(20.5, mapped(p, R"({"temp": 20})", d, at("2026-03-01T00:00:00Z")).find("temperature")->as_double());
  EXPECT_EQ(40, mapped(p, R"({"temp": 20})", d, at("2026-07-01T00:00:00Z")).find("temperature")->as_double());
}

TEST(a_profile, that_says_too_little_is_refused_with_the_member) {
  for (auto const& [text, member] :
       {std::pair{R"({"id": "x"})", "entity"},
        {R"({"id": "X y", "entity": {"type": "T"}, "attributes": [{"attribute": "a", "from": "a"}]})", "id"},
        {R"({"id": "x", "entity": {"type": "T"}, "attributes": []})", "attributes"},
        {R"({"id": "x", "fport": 1, "entity": {"type": "T"}, "attributes": [{"attribute": "a", "from": "a"}]})", "fport"},
        {R"({"id": "x", "entity": {"type": "T", "kind": 1}, "attributes": [{"attribute": "a", "from": "a"}]})", "kind"},
        {R"({"id": "x", "entity": {"type": "T"}, "attributes": [{"attribute": "a", "from": "a", "factor": 2}]})", "factor"},
        {R"({"id": "x", "entity": {"type": "T"}, "attributes": [{"attribute": "a"}]})", "from"}}) {
    try {
      read_device_profile(json::parse(text));
      ADD_FAILURE() << text << " was taken";
    } catch (fault const& f) {
      EXPECT_EQ(member, f.member);
    }
  }
}

}  // namespace
}  // namespace dos
