#include "capability/devices/device_register.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "capability/devices/city_box.h"
#include "capability/devices/device_import.h"

namespace dos::devices {
namespace {

timestamp at(std::string_view text) { return *parse_timestamp(text); }
edit const anna = {.by = "anna", .at = at("2026-11-21T12:00:00Z")};

device noise_sensor(std::string const& more = "") {
  return read_new_device(
      json::parse(R"({"devEui": "24-E1-24-00-00-00-00-01", "name": "Hansaplatz", "profile": "milesight-ws302")" + more +
                  "}"),
      anna);
}

TEST(a_new_device, is_planned_and_has_its_eui_in_one_spelling) {
  auto const d = noise_sensor();
  EXPECT_EQ("24e1240000000001", d.id);
  EXPECT_EQ(device_state::planned, d.state);
  EXPECT_EQ(device_state::active, noise_sensor(R"(, "state": "active")").state);
}

TEST(a_wrong_entry, is_refused_with_the_member) {
  for (auto const& [body, member] : {std::pair{R"({"profile": "x"})", "devEui"},
                                     {R"({"devEui": "12", "profile": "x"})", "devEui"},
                                     {R"({"devEui": "0011223344556677"})", "profile"},
                                     {R"({"devEui": "0011223344556677", "profile": "x", "state": "lost"})", "state"},
                                     {R"({"devEui": "0011223344556677", "profile": "x", "joinEui": "z"})", "joinEui"},
                                     {R"({"devEui": "0011223344556677", "profile": "x", "name": ""})", "name"},
                                     {R"({"devEui": "0011223344556677", "profile": "x", "name": 7})", "name"}}) {
    try {
      read_new_device(json::parse(body), anna);
      ADD_FAILURE() << body << " was taken";
    } catch (fault const& f) {
      EXPECT_EQ(member, f.member) << body;
    }
  }
}

TEST(a_state, that_can_not_follow_is_a_conflict) {
  auto d = noise_sensor();
  EXPECT_THROW(change_device(d, json::parse(R"({"state": "maintenance"})"), anna), fault);
  change_device(d, json::parse(R"({"state": "active"})"), anna);
  change_device(d, json::parse(R"({"state": "replaced"})"), anna);
  EXPECT_THROW(change_device(d, json::parse(R"({"state": "active"})"), anna), fault);
}

TEST(a_device_that_moves, leaves_the_place_before) {
  auto d = noise_sensor();
  mount_device(d, {"urn:a", at("2026-01-01T00:00:00Z"), no_time});
  mount_device(d, {"urn:b", at("2026-06-01T00:00:00Z"), no_time});
  EXPECT_EQ("urn:a", d.mount_at(at("2026-05-31T23:59:59Z"))->measuring_point);
  EXPECT_EQ("urn:b", d.mount_at(at("2026-06-01T00:00:00Z"))->measuring_point);
}

TEST(a_device, is_at_one_place_at_a_time) {
  auto d = noise_sensor();
  mount_device(d, {"urn:a", at("2026-01-01T00:00:00Z"), no_time});
  EXPECT_THROW(mount_device(d, {"urn:b", at("2025-12-01T00:00:00Z"), no_time}), fault);
  EXPECT_NO_THROW(mount_device(d, {"urn:b", at("2025-12-01T00:00:00Z"), at("2026-01-01T00:00:00Z")}));
  EXPECT_THROW(mount_device(d, {"urn:c", at("2025-12-31T00:00:00Z"), at("2026-01-02T00:00:00Z")}), fault);
}

TEST(a_mount, can_be_dated_back_for_messages_that_came_before_it_was_entered) {
  auto d = noise_sensor();
  mount_device(d, {"urn:z", at("2025-01-01T00:00:00Z"), at("2025-06-01T00:00:00Z")});
  mount_device(d, {"urn:a", at("2026-01-01T00:00:00Z"), no_time});
  mount_device(d, {"urn:a", at("2025-12-01T00:00:00Z"), no_time});
  ASSERT_EQ(2u, d.mounts.size());
  EXPECT_EQ(at("2025-12-01T00:00:00Z"), d.mounts[1].from);
  EXPECT_THROW(mount_device(d, {"urn:a", at("2025-05-01T00:00:00Z"), no_time}), fault);
}

TEST(a_retired_device, is_mounted_no_longer) {
  auto d = noise_sensor();
  mount_device(d, {"urn:a", at("2026-01-01T00:00:00Z"), no_time});
  change_device(d, json::parse(R"({"state": "retired"})"), anna);
  EXPECT_EQ(anna.at, d.mounts[0].to);
}

TEST(a_calibration, says_who_entered_it_and_what_is_dropped_is_kept_aside) {
  auto d = noise_sensor();
  change_device(
      d,
      json::parse(R"({"calibration": [{"date": "2026-02-01", "attribute": "LAeq", "offset": -1.5, "note": "lab"}]})"),
      anna);
  ASSERT_EQ(1u, d.calibrations.size());
  EXPECT_EQ("anna", d.calibrations[0].by);
  auto const bert = edit{.by = "bert", .at = anna.at + 1};
  change_device(
      d,
      json::parse(
          R"({"calibration": [{"date": "2026-02-01T00:00:00Z", "attribute": "LAeq", "factor": 1, "offset": -1.5, "note": "lab"},
                                                   {"date": "2026-03-01", "note": "cleaned"}]})"),
      bert);
  EXPECT_EQ("anna", d.calibrations[0].by);
  EXPECT_EQ("bert", d.calibrations[1].by);
  change_device(d, json::parse(R"({"calibration": []})"), bert);
  EXPECT_TRUE(d.calibrations.empty());
  EXPECT_EQ(2u, d.calibrations_removed.size());
  EXPECT_THROW(change_device(d, json::parse(R"({"calibration": [{"date": "2026-02-01", "offset": 2}]})"), bert), fault);
}

TEST(an_id, can_be_read_by_people) {
  EXPECT_EQ("kita-nord-raum-3", slug_of("Kita Nord, Raum 3"));
  EXPECT_EQ("maerkische-strasse", slug_of("Märkische Straße"));
  EXPECT_EQ("x", slug_of("!!!"));
}

TEST(a_table_of_devices, is_read_with_german_headings_semicolons_and_decimal_commas) {
  auto const rows = read_import(
      "DevEUI;Name;Profil;Status;Breite;Länge;ab\n"
      "24:E1:24:00:00:00:00:01;Hansaplatz;milesight-ws302;aktiv;51,5136;7,4653;01.07.2026\n")
                        .rows;
  ASSERT_EQ(1u, rows.size());
  auto const& row = rows[0];
  EXPECT_EQ(std::vector<std::string>(), row.errors);
  EXPECT_EQ(2u, row.line);
  EXPECT_EQ(
      json::parse(
          R"({"devEui": "24e1240000000001", "name": "Hansaplatz", "profile": "milesight-ws302", "state": "active"})"),
      json::value(row.device));
  EXPECT_EQ(51.5136, row.latitude);
  EXPECT_EQ(7.4653, row.longitude);
  EXPECT_EQ("2026-06-30T22:00:00Z", to_string(*row.from)) << "midnight in Dortmund";
}

TEST(a_table_of_devices, may_be_unicode_text_of_a_spreadsheet) {
  auto bytes = std::string("\xff\xfe");
  for (auto const c : std::string("sep=;\r\nDevEUI;Name;Profil\r\n0011223344556677;Park;milesight-ws302\r\n")) bytes += {c, '\0'};
  auto const table = read_import(bytes);
  EXPECT_EQ(text_encoding::utf16le, table.encoding);
  ASSERT_EQ(1u, table.rows.size());
  EXPECT_EQ(std::vector<std::string>(), table.rows[0].errors);
  EXPECT_EQ(3u, table.rows[0].line);
}

TEST(a_table_of_devices, names_every_mistake_in_its_row) {
  auto const rows = read_import(
      "dev_eui,name,profile,state,latitude,longitude\n"
      "0011223344556677,A,p,active,51.5,7.4\n"
      "12,B,,broken,north,7.4\n"
      "0011223344556677,C,p,,51.5,\n")
                        .rows;
  ASSERT_EQ(3u, rows.size());
  EXPECT_TRUE(rows[0].errors.empty());
  EXPECT_EQ((std::vector<std::string>{R"(devEui has 16 hexadecimal digits, not "12")", "profile is missing",
                                      R"(a device is planned, active, maintenance, replaced or retired, not "broken")",
                                      R"(latitude is in degrees, for example 51,5142, not "north")"}),
            rows[1].errors);
  EXPECT_EQ((std::vector<std::string>{"latitude and longitude come together", "this DevEUI stands in line 2 already"}),
            rows[2].errors);
}

TEST(a_table_without_the_needed_columns, is_refused_as_a_whole) {
  EXPECT_THROW(read_import("name,profile\nA,p\n"), fault);
  EXPECT_THROW(read_import(""), fault);
}

TEST(a_device, is_active_once_it_is_mounted) {
  auto const e = edit{.by = "anna", .at = timestamp{1'790'000'000'000'000}};
  auto d = read_new_device(json::parse(R"({"deviceId": "lamp-7", "profile": "lamp"})"), e);
  EXPECT_EQ("lamp-7", d.id);
  EXPECT_EQ(device_state::planned, d.state);
  mount_device(d, {.measuring_point = "urn:a", .from = e.at});
  EXPECT_EQ(device_state::active, d.state);
  auto const moved = json::parse(R"({"mounts": [{"measuringPoint": "urn:a", "from": "2026-01-01T00:00:00Z"}]})");
  auto listed = read_new_device(json::parse(R"({"deviceId": "lamp-8", "profile": "lamp"})"), e);
  change_device(listed, moved, e);
  EXPECT_EQ(device_state::active, listed.state);
}

TEST(a_place_outside_the_city, is_asked_about) {
  auto const dortmund = city_box{.name = "Dortmund", .west = 7.3023, .south = 51.4155, .east = 7.6382, .north = 51.6001};
  EXPECT_FALSE(question_about(dortmund, 7.4653, 51.5136));
  EXPECT_FALSE(question_about(dortmund, 7.4, 51.4)) << "just over the border";
  EXPECT_EQ("this place lies 410 km outside of Dortmund", question_about(dortmund, 13.4, 52.5));
  auto const swapped = question_about(dortmund, 51.5136, 7.4653);
  ASSERT_TRUE(swapped);
  EXPECT_TRUE(swapped->ends_with(": are longitude and latitude swapped?"));
}

}  // namespace
}  // namespace dos::devices
