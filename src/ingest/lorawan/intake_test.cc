#include "ingest/lorawan/intake.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <future>

#include "base/id.h"
#include "base/text.h"
#include "devices/device.h"
#include "devices/quarantine.h"
#include "devices/radio_state.h"
#include "kernel/city/city.h"
#include "kernel/history/history.h"

namespace dos::lorawan {
namespace {

struct fixed_clock final : clock {
  timestamp now() const override { return at; }
  timestamp at = *parse_timestamp("2026-11-21T12:00:00Z");
};

constexpr auto climate_profile = R"({
  "id": "climate", "entity": {"type": "IndoorEnvironmentObserved"},
  "attributes": [{"attribute": "temperature", "from": "t", "unit": "CEL"},
                 {"attribute": "batteryLevel", "from": "b", "unit": "C62", "scale": 0.01, "target": "device"}],
  "codec": "function decodeUplink(i) {\n  if (i.bytes[0] === 255) throw new Error('broken');\n)"
                                 R"(  if (i.bytes[0] === 254) return {errors: ['not mine']};\n)"
                                 R"(  if (i.bytes[0] === 253) for (;;) {}\n)"
                                 R"(  return {data: {t: i.bytes[0] / 2, b: i.bytes[1]}};\n}"})";

constexpr auto eui = "0011223344556677";
constexpr auto room = "urn:ngsi-ld:IndoorEnvironmentObserved:room";

// A city with one room, in which one sensor is mounted.
struct world {
  world() : n{clock, {}, {}, {}, {}, {}, {}, {}, {}, {}, false, {}} {
    std::filesystem::create_directories(directory);
    home = city::open("dortmund", directory, clock);
    home->start_sending();
    n.cities = {home};
    root = session(home, {.name = "test", .role = role::admin, .source = "test"});
    in = std::make_unique<intake>(n, profiles, names);
    put_device(device_state::active);
    root.apply([&](transaction& t) {
      auto e = entity();
      e.id = room;
      e.types = {symbol(words.iri("IndoorEnvironmentObserved"))};
      t.put(std::move(e));
      t.put_record(device_profile_collection, "climate", json::parse(climate_profile));
    });
  }
  ~world() {
    in->stop();
    home->close();
    std::filesystem::remove_all(directory);
  }

  void put_device(device_state state) {
    auto const since = *parse_timestamp("2020-01-01T00:00:00Z");
    auto const d = device{
        .id = eui, .name = "Room", .profile = "climate", .state = state, .mounts = {{room, since, no_time}}};
    root.apply([&](transaction& t) { t.put_record(device_collection, eui, to_json(d)); });
  }

  fate send(std::string body, std::string topic = "up") {
    auto done = std::promise<fate>();
    in->take(home,
             {.source = "webhook:test",
              .network = network::chirpstack,
              .topic = std::move(topic),
              .body = std::move(body),
              .received = clock.at},
             [&](fate f) { done.set_value(std::move(f)); });
    return done.get_future().get();
  }
  fate replay(std::string const& key) {
    auto done = std::promise<fate>();
    in->replay(home, key, [&](fate f) { done.set_value(std::move(f)); });
    return done.get_future().get();
  }

  std::optional<double> temperature() const {
    auto const a = root.get(room)->find(symbol(words.iri("temperature")));
    return a ? std::optional(a->value.as_double()) : std::nullopt;
  }
  std::size_t temperatures_kept() const {
    for (auto const& s : root.series_of(room)) {
      if (s.attribute == symbol(words.iri("temperature"))) return root.history().range(s.series, {}).size();
    }
    return 0;
  }
  std::vector<std::string> quarantine() const {
    auto reasons = std::vector<std::string>();
    root.for_each_record(quarantine_collection, "", [&](std::string_view key, record_ptr const& r) {
      reasons.push_back(std::string(key) + " " + std::string(r->text_or("reason", "")));
      return true;
    });
    return reasons;
  }
  std::uint64_t counted(tally what, std::string const& reason = {}) const {
    home->checkpoint();  // the ledger follows the log
    auto n = std::uint64_t(0);
    for (auto const& line : home->ledger(timestamp{0}, clock.at + 86'400 * us_per_second)) {
      if (line.source == "webhook:test" && line.what == what && line.reason == reason) n += line.n;
    }
    return n;
  }

  std::string const directory = std::filesystem::temp_directory_path() / ("dos-lorawan-" + new_uuid());
  fixed_clock clock;
  std::shared_ptr<city> home;
  node n;
  device_profiles profiles{n};
  city_names names{n};
  terms words;
  std::unique_ptr<intake> in;
  session root{nullptr, {}};
};

std::string uplink(int f_cnt, std::string_view bytes, std::string time = "2026-11-21T11:59:58Z",
                   std::string dev_eui = eui) {
  return R"({"deviceInfo":{"devEui":")" + dev_eui + R"("},"devAddr":"00000001","time":")" + time +
         R"(","fPort":1,"fCnt":)" + std::to_string(f_cnt) + R"(,"data":")" + text::to_base64(bytes) +
         R"(","rxInfo":[{"gatewayId":"g","rssi":-97,"snr":7.5}],"txInfo":{"modulation":{"lora":{"spreadingFactor":9}}}})";
}

TEST(an_uplink, becomes_the_value_of_the_measuring_point_with_time_unit_and_provenance) {
  auto w = world();
  EXPECT_EQ(fate::kind::stored, w.send(uplink(1, "\x2a\x50")).what);
  auto const a = w.root.get(room)->find(symbol(w.words.iri("temperature")));
  ASSERT_TRUE(a);
  EXPECT_EQ(21, a->value.as_double());
  EXPECT_EQ("CEL", a->unit.text());
  EXPECT_EQ(provenance::measured, a->provenance);
  EXPECT_EQ("2026-11-21T11:59:58Z", to_string(a->observed_at));
  EXPECT_EQ(1u, w.counted(tally::received));
  EXPECT_EQ(1u, w.counted(tally::accepted));
  EXPECT_EQ(1u, w.counted(tally::stored));
}

TEST(an_uplink, tells_how_the_devices_radio_fares) {
  auto w = world();
  w.send(uplink(1, "\x2a\x50"));
  w.send(uplink(4, "\x2a\x4f", "2026-11-21T11:59:59Z"));
  auto const device = w.root.get(device_entity_id(eui));
  EXPECT_EQ(-97, device->find(symbol(w.words.iri("rssi")))->value.as_double());
  EXPECT_EQ(0.79, device->find(symbol(w.words.iri("batteryLevel")))->value.as_double());
  auto const state = read_radio_state(*w.root.find_record(radio_state_collection, eui));
  EXPECT_EQ(2u, state.received);
  EXPECT_EQ(2u, state.missed);
  EXPECT_EQ(9, state.spreading_factor);
  EXPECT_EQ(79, state.battery_percent);
  auto kept = std::vector<std::string>();
  for (auto const& s : w.root.series_of(device->id)) {
    if (w.root.history().range(s.series, {}).size() == 2) kept.push_back(w.words.term(s.attribute.text()));
  }
  std::sort(kept.begin(), kept.end());
  EXPECT_EQ((std::vector<std::string>{"batteryLevel", "rssi", "snr"}), kept);
}

TEST(a_repeated_message, is_dropped_and_counted) {
  auto w = world();
  w.send(uplink(1, "\x2a\x50"));
  EXPECT_EQ(fate::kind::repeated, w.send(uplink(1, "\x2a\x50")).what);
  EXPECT_EQ(1u, w.temperatures_kept());
  EXPECT_EQ(1u, w.counted(tally::repeated));
  EXPECT_EQ(2u, w.counted(tally::received));
}

TEST(a_rejoin, begins_the_frame_counter_again) {
  auto w = world();
  w.send(uplink(1, "\x2a\x50"));
  w.send(R"({"deviceInfo":{"devEui":"0011223344556677"},"devAddr":"00000001","time":"2026-11-21T11:59:59Z"})", "join");
  EXPECT_EQ(fate::kind::stored, w.send(uplink(1, "\x2c\x50", "2026-11-21T12:00:00Z")).what);
  EXPECT_EQ(22, w.temperature());
}

TEST(a_late_message, goes_to_the_history_and_leaves_the_newer_value) {
  auto w = world();
  w.send(uplink(2, "\x2a\x50", "2026-11-21T11:50:00Z"));
  w.send(uplink(1, "\x28\x50", "2026-11-21T11:40:00Z"));
  EXPECT_EQ(21, w.temperature());
  EXPECT_EQ(2u, w.temperatures_kept());
}

TEST(what_can_not_be_stored, waits_in_quarantine_with_its_reason) {
  for (auto const& [body, topic, reason] :
       {std::tuple{std::string("{not json"), "up", "malformed"},
        {std::string("\xff\xfe"), "up", "malformed"},
        {std::string(R"({"deviceInfo":{"devEui":"0011223344556677"}})"), "party", "malformed"},
        {uplink(1, "\x2a\x50", "2026-11-21T11:59:58Z", "ffffffffffffffff"), "up", "unknown_device"},
        {uplink(1, "\xff\x50"), "up", "codec_failed"},
        {uplink(1, "\xfd\x50"), "up", "codec_failed"},
        {uplink(1, "\xfe\x50"), "up", "payload_rejected"},
        {uplink(1, "\x2a\x50", "2026-01-01T00:00:00Z"), "up", ""}}) {
    SCOPED_TRACE(body);
    auto w = world();
    auto const f = w.send(body, topic);
    EXPECT_EQ(*reason ? fate::kind::quarantined : fate::kind::stored, f.what);
    EXPECT_EQ(reason, f.reason);
    auto const waiting =
        *reason ? std::vector<std::string>{std::string("000000000001 ") + reason} : std::vector<std::string>();
    EXPECT_EQ(waiting, w.quarantine());
    EXPECT_EQ(waiting.size(), w.counted(tally::rejected, reason));
  }
}

TEST(a_device_that_is_not_active, stores_no_values_until_its_messages_are_replayed) {
  auto w = world();
  w.put_device(device_state::maintenance);
  EXPECT_EQ("device_inactive", w.send(uplink(1, "\x2a\x50")).reason);
  EXPECT_EQ(fate::kind::repeated, w.send(uplink(1, "\x2a\x50")).what) << "the network server sends it again";
  EXPECT_FALSE(w.temperature());
  EXPECT_EQ("device_inactive", w.replay("000000000001").reason);
  EXPECT_EQ(1u, w.quarantine().size());
  w.put_device(device_state::active);
  EXPECT_EQ(fate::kind::stored, w.replay("000000000001").what);
  EXPECT_EQ(21, w.temperature());
  EXPECT_TRUE(w.quarantine().empty());
  EXPECT_THROW(w.replay("000000000001"), fault);
}

TEST(a_message_of_an_unknown_device, is_stored_once_when_the_device_is_registered) {
  auto w = world();
  w.root.apply([](transaction& t) { t.erase_record(device_collection, eui); });
  EXPECT_EQ("unknown_device", w.send(uplink(1, "\x2a\x50")).reason);
  EXPECT_EQ("unknown_device", w.send(uplink(1, "\x2a\x50")).reason);
  w.put_device(device_state::active);
  EXPECT_EQ(fate::kind::stored, w.replay("000000000001").what);
  EXPECT_EQ(fate::kind::repeated, w.replay("000000000002").what);
  EXPECT_EQ(1u, w.temperatures_kept());
  EXPECT_TRUE(w.quarantine().empty());
}

TEST(a_clock_that_is_years_off, is_not_believed_and_the_value_says_so) {
  for (auto const time : {"1999-01-01T00:00:00Z", "2031-01-01T00:00:00Z"}) {
    auto w = world();
    EXPECT_EQ(fate::kind::stored, w.send(uplink(1, "\x2a\x50", time)).what);
    auto const a = w.root.get(room)->find(symbol(w.words.iri("temperature")));
    EXPECT_EQ("2026-11-21T12:00:00Z", to_string(a->observed_at));
    ASSERT_EQ(1u, a->attributes.size());
    EXPECT_EQ(std::string("time of reception: the message says ") + time + ", which is not believed",
              a->attributes[0]->value.as_string());
  }
}

TEST(a_time_more_than_five_minutes_ahead, is_not_believed) {
  auto w = world();
  w.send(uplink(1, "\x2a\x50", "2026-11-21T12:04:59Z"));
  EXPECT_EQ("2026-11-21T12:04:59Z", to_string(w.root.get(room)->find(symbol(w.words.iri("temperature")))->observed_at));
  auto v = world();
  v.send(uplink(1, "\x2a\x50", "2026-11-21T12:05:01Z"));
  EXPECT_EQ("2026-11-21T12:00:00Z", to_string(v.root.get(room)->find(symbol(v.words.iri("temperature")))->observed_at));
}

TEST(a_frame_without_payload_or_on_port_0, does_not_run_the_codec) {
  for (auto const* more : {R"("fPort":0,"data":"/w==")", R"("fPort":1,"data":"")",
                           R"("fPort":1,"object":{"t":99,"b":50})"}) {
    SCOPED_TRACE(more);
    auto w = world();
    auto const body = std::string(R"({"deviceInfo":{"devEui":"0011223344556677"},"fCnt":1,)") + more + "}";
    EXPECT_EQ(fate::kind::stored, w.send(body).what);
    EXPECT_FALSE(w.temperature());
  }
}

TEST(a_frame_on_a_port_that_is_not_the_profiles, has_no_measurements) {
  auto w = world();
  w.root.apply([&](transaction& t) {
    auto p = json::parse(climate_profile);
    p.as_object().push("f_port", json::array{2});
    t.put_record(device_profile_collection, "climate", p);
  });
  auto const f = w.send(uplink(1, "\x2a\x50"));
  EXPECT_EQ(fate::kind::stored, f.what);
  EXPECT_EQ("profile climate has no measurements on port 1", f.detail);
  EXPECT_FALSE(w.temperature());
}

TEST(an_encrypted_payload, waits_in_quarantine) {
  auto w = world();
  auto body = uplink(1, "\x2a\x50");
  body.insert(1, R"("joinServerContext":{"sessionKeyId":"01"},)");
  EXPECT_EQ("encrypted", w.send(body).reason);
  EXPECT_FALSE(w.temperature());
}

TEST(a_device_that_counts_again_without_a_join, is_heard) {
  auto w = world();
  for (auto n = 0; n < 30; ++n) {
    auto const time = "2026-11-21T11:" + std::to_string(10 + n) + ":00Z";
    w.send(uplink(n, std::string(1, char(40 + n)) + "\x50", time));
  }
  EXPECT_EQ(fate::kind::stored, w.send(uplink(0, "\x64\x50", "2026-11-21T11:40:00Z")).what);
  EXPECT_EQ(50, w.temperature());
  EXPECT_EQ(fate::kind::stored, w.send(uplink(1, "\x65\x50", "2026-11-21T11:41:00Z")).what);
  EXPECT_EQ(fate::kind::repeated, w.send(uplink(1, "\x65\x50", "2026-11-21T11:41:00Z")).what);
}

constexpr auto two_values_profile = R"({
  "id": "climate", "entity": {"type": "IndoorEnvironmentObserved"},
  "history": {"from": "log", "time": "ts"},
  "attributes": [{"attribute": "temperature", "from": "t", "unit": "CEL"},
                 {"attribute": "humidity", "from": "h", "unit": "P1"}]})";

std::string decoded_uplink(int f_cnt, std::string const& object) {
  return R"({"deviceInfo":{"devEui":"0011223344556677"},"time":"2026-11-21T11:59:58Z","fPort":1,"data":"AQ==","fCnt":)" +
         std::to_string(f_cnt) + R"(,"object":)" + object + "}";
}

TEST(one_bad_value, waits_in_quarantine_while_the_good_ones_are_stored) {
  auto w = world();
  w.root.apply([](transaction& t) { t.put_record(device_profile_collection, "climate", json::parse(two_values_profile)); });
  auto const f = w.send(decoded_uplink(1, R"({"t":21,"h":"wet"})"));
  EXPECT_EQ(fate::kind::stored, f.what);
  EXPECT_EQ("value_rejected", f.reason);
  EXPECT_EQ(21, w.temperature());
  ASSERT_EQ((std::vector<std::string>{"000000000001 value_rejected"}), w.quarantine());
  EXPECT_EQ("value_rejected", w.replay("000000000001").reason);
  EXPECT_EQ(1u, w.temperatures_kept()) << "what is stored is not stored again";
  w.root.apply([](transaction& t) {
    auto p = json::parse(two_values_profile);
    p.find("attributes")->as_array()[1].as_object().push("values", json::object{{"wet", 100}});
    t.put_record(device_profile_collection, "climate", p);
  });
  EXPECT_EQ(fate::kind::stored, w.replay("000000000001").what);
  EXPECT_EQ(100, w.root.get(room)->find(symbol(w.words.iri("humidity")))->value.as_double());
  EXPECT_EQ(1u, w.temperatures_kept());
  EXPECT_TRUE(w.quarantine().empty());
}

TEST(measurements_with_times_of_their_own, go_to_the_history) {
  auto w = world();
  w.root.apply([](transaction& t) { t.put_record(device_profile_collection, "climate", json::parse(two_values_profile)); });
  auto const f = w.send(decoded_uplink(
      1, R"({"t":21,"log":[{"ts":1665561758,"t":5},{"ts":"2026-11-21T11:00:00Z","t":6},{"ts":1577836799,"t":7}]})"));
  EXPECT_EQ("value_rejected", f.reason) << "one is from before the mount";
  EXPECT_NE(std::string::npos, f.detail.find("mounted at no measuring point at 2019-12-31T23:59:59Z"));
  EXPECT_EQ(21, w.temperature());
  EXPECT_EQ(3u, w.temperatures_kept());
}

TEST(a_codec_that_never_ends, rests_after_a_while_and_takes_the_processor_from_nobody) {
  auto w = world();
  for (auto const n : {1, 2, 3}) EXPECT_NE(std::string::npos, w.send(uplink(n, "\xfd\x50")).detail.find("codec"));
  EXPECT_NE(std::string::npos, w.send(uplink(4, "\x2a\x50")).detail.find("rests for a minute"));
}

TEST(the_quarantine, holds_so_many_and_then_drops_the_oldest) {
  auto w = world();
  w.root.apply([](transaction& t) {
    for (auto i = std::size_t(0); i < quarantine_max + 2; ++i) {
      put_in_quarantine(t, {.time = {}, .source = "s", .network = "ttn", .reason = "malformed"});
      if (i == 5) take_from_quarantine(t, "000000000002");
    }
  });
  EXPECT_EQ(quarantine_max, w.root.record_count(quarantine_collection));
  EXPECT_FALSE(w.root.find_record(quarantine_collection, "000000000001"));
  EXPECT_TRUE(w.root.find_record(quarantine_collection, "000000000003"));
}

}  // namespace
}  // namespace dos::lorawan
