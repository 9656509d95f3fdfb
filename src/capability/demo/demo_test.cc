#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/text.h"
#include "capability/demo/sensor.h"
#include "capability/demo/week.h"

namespace dos::demo {
namespace {

auto const berlin = time_zone("Europe/Berlin");

std::string content_of(std::string const& name) {
  auto file = std::ifstream(std::string(DOS_SOURCE_DIR) + "/demo/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> times(std::vector<told_row> const& told) {
  auto all = std::vector<std::string>();
  for (auto const& row : told) all.push_back(to_string(row.time));
  return all;
}

timestamp at(std::string_view text) { return *parse_timestamp(text); }

TEST(recorded_week, is_told_at_the_same_weekday_and_minute_in_summer_and_in_winter) {
  // Monday 08:15 and Sunday 23:59
  auto const week = read_week("offset_s,object,temperature:CEL\n29700,urn:a,15.5\n604740,urn:a,17\n");
  auto const& o = week.objects.front();
  EXPECT_EQ(times(rows_between(o, at("2026-07-06T00:00:00Z"), at("2026-07-13T12:00:00Z"), berlin)),
            (std::vector<std::string>{"2026-07-06T06:15:00Z", "2026-07-12T21:59:00Z", "2026-07-13T06:15:00Z"}));
  EXPECT_EQ(times(rows_between(o, at("2026-11-23T00:00:00Z"), at("2026-11-29T23:00:00Z"), berlin)),
            (std::vector<std::string>{"2026-11-23T07:15:00Z", "2026-11-29T22:59:00Z"}));
}

TEST(recorded_week, is_told_once_however_it_is_cut) {
  auto const week = read_week("offset_s,object,temperature:CEL\n0,urn:a,1\n300,urn:a,2\n600,urn:a,3\n");
  auto const& o = week.objects.front();
  auto told = std::size_t(0);
  for (auto t = at("2026-11-22T22:50:00Z"); t < at("2026-11-22T23:20:00Z"); t = t + 7 * us_per_second) {
    told += rows_between(o, t, t + 7 * us_per_second, berlin).size();
  }
  EXPECT_EQ(told, 3u);
}

TEST(recorded_week, leaves_out_the_hour_that_a_spring_night_lacks) {
  // Sunday 02:30 does not exist on 29 March 2026; 03:30 does.
  auto const week = read_week("offset_s,object,temperature:CEL\n527400,urn:a,1\n531000,urn:a,2\n");
  EXPECT_EQ(times(rows_between(week.objects.front(), at("2026-03-28T12:00:00Z"), at("2026-03-29T12:00:00Z"), berlin)),
            (std::vector<std::string>{"2026-03-29T01:30:00Z"}));
}

TEST(recorded_week, keeps_gaps) {
  auto const week = read_week("offset_s,object,a:CEL,b\n0,urn:a,,7\n");
  ASSERT_EQ(week.objects.front().rows.front().values.size(), 1u);
  EXPECT_EQ(week.columns[week.objects.front().rows.front().values.front().column].attribute, "b");
}

TEST(recorded_week, of_the_demonstration_can_be_read) {
  for (auto const* name : {"garages", "weather", "water"}) {
    auto const week = read_week(content_of("week/dortmund/" + std::string(name) + ".csv"));
    EXPECT_GE(week.objects.size(), 5u) << name;
  }
}

TEST(simulated_sensors, have_names_of_their_own) {
  auto seen = std::vector<std::string>();
  for (auto const& s : read_sensors(content_of("sensors.yaml")).sensors) seen.push_back(s.dev_eui);
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
  EXPECT_GE(seen.size(), 45u);
}

TEST(simulated_sensors, send_the_same_when_asked_again) {
  auto const network = read_sensors(content_of("sensors.yaml"));
  for (auto const& s : network.sensors) {
    auto const frame = s.frame_at(at("2026-11-21T12:00:00Z"));
    EXPECT_EQ(s.frame_at(s.time_of(frame)), frame);
    EXPECT_EQ(s.frame_at(s.time_of(frame + 1)), frame + 1);
    EXPECT_EQ(json::to_string(chirpstack_uplink(network, s, frame, berlin)), json::to_string(chirpstack_uplink(network, s, frame, berlin)));
  }
}

TEST(simulated_sensors, speak_as_the_makers_devices_do) {
  struct row {
    char const* profile;
    std::size_t bytes;
    char const* begins;
  };
  auto const network = read_sensors(content_of("sensors.yaml"));
  for (auto const& r : {row{"bosch-tps110", 2, "0"}, row{"browan-tbdw100", 8, "0"}, row{"decentlab-dl-atm41", 41, "02"},
                        row{"decentlab-dl-mbx", 11, "02"}, row{"decentlab-dl-pm", 33, "02"}, row{"decentlab-dl-trs12", 13, "02"},
                        row{"dingtek-df702", 17, "8000010111"}, row{"emu-professional-ii", 18, ""}, row{"milesight-am107", 34, "0175"},
                        row{"milesight-vs133", 18, "03d2"}, row{"milesight-ws302", 12, "0175"}, row{"netvox-r831d", 11, "01b001"}}) {
    SCOPED_TRACE(r.profile);
    auto const s = std::find_if(network.sensors.begin(), network.sensors.end(), [&](auto const& one) { return one.profile == r.profile; });
    ASSERT_NE(s, network.sensors.end());
    auto const sent = encode(*s, at("2026-11-21T12:00:00Z"), berlin);
    EXPECT_EQ(sent.bytes.size(), r.bytes);
    EXPECT_TRUE(text::to_hex(sent.bytes).starts_with(r.begins)) << text::to_hex(sent.bytes);
  }
}

}  // namespace
}  // namespace dos::demo
