#include "devices/radio_state.h"

#include <gtest/gtest.h>

namespace dos {
namespace {

auto const noon = *parse_timestamp("2026-11-21T12:00:00Z");

radio_state after(std::vector<std::uint32_t> const& counters) {
  auto s = radio_state();
  for (auto const n : counters) note_frame(s, {"s", n, noon});
  return s;
}

bool is_repeated(radio_state s, char const* session, std::uint32_t f_cnt) {
  return note_frame(s, {.session = session, .f_cnt = f_cnt, .is_dated = false}) == frame::repeated;
}

TEST(a_frame, that_came_already_is_repeated_and_counted) {
  auto s = after({5, 6});
  EXPECT_EQ(frame::repeated, note_frame(s, {"s", 5, noon}));
  EXPECT_EQ(frame::repeated, note_frame(s, {"s", 6, noon}));
  EXPECT_EQ(2u, s.repeated);
  EXPECT_EQ(2u, s.received);
}

TEST(missing_frames, are_those_between_and_a_late_one_is_missing_no_more) {
  auto s = after({1, 2, 6});
  EXPECT_EQ(3u, s.missed);
  EXPECT_EQ(frame::late, note_frame(s, {"s", 4, noon}));
  EXPECT_EQ(2u, s.missed);
  EXPECT_EQ(frame::repeated, note_frame(s, {"s", 4, noon}));
}

TEST(a_new_session, begins_its_counters_again) {
  auto s = after({1, 2});
  EXPECT_EQ(frame::fresh, note_frame(s, {"other", 1, noon}));
  EXPECT_EQ(frame::repeated, note_frame(s, {"other", 1, noon}));
  EXPECT_EQ(0u, s.missed);
}

TEST(a_counter, that_falls_back_behind_the_window_begins_a_new_session) {
  auto s = after({1000});
  EXPECT_EQ(frame::fresh, note_frame(s, {"s", 0, noon}));
  EXPECT_EQ(frame::fresh, note_frame(s, {"s", 1, noon}));
  EXPECT_EQ(0u, s.missed);
}

TEST(an_older_frame, from_before_the_window_or_the_session_leaves_both_as_they_are) {
  auto s = after({1000, 1400});
  s.last_seen = noon;
  EXPECT_EQ(399u, s.missed);
  EXPECT_EQ(frame::late, note_frame(s, {"s", 1001, noon - 1}));
  EXPECT_EQ(398u, s.missed);
  EXPECT_EQ(frame::late, note_frame(s, {"before", 7, noon - 1}));
  EXPECT_EQ(frame::repeated, note_frame(s, {"s", 1400, noon}));
  EXPECT_EQ(frame::fresh, note_frame(s, {"s", 3, noon + 1})) << "the device was reset";
}

// Thirty frames, one a minute, each with data of its own.
radio_state half_an_hour() {
  auto s = radio_state();
  for (auto n = 0u; n < 30; ++n) {
    s.last_seen = noon + n * 60 * us_per_second;
    note_frame(s, {.session = "s", .f_cnt = n, .when = s.last_seen, .digest = std::uint16_t(100 + n)});
  }
  return s;
}

TEST(a_counter, that_was_seen_and_now_says_something_else_begins_a_new_session) {
  auto s = half_an_hour();
  auto const later = s.last_seen + 60 * us_per_second;
  EXPECT_EQ(frame::fresh, note_frame(s, {.session = "s", .f_cnt = 0, .when = later, .digest = 7}));
  EXPECT_EQ(frame::fresh, note_frame(s, {.session = "s", .f_cnt = 1, .when = later + 1, .digest = 8}));
  EXPECT_EQ(0u, s.missed);
}

TEST(a_counter, that_was_seen_with_the_same_data_is_repeated_unless_it_has_a_later_time_of_its_own) {
  auto s = half_an_hour();
  EXPECT_EQ(frame::repeated, note_frame(s, {.session = "s", .f_cnt = 3, .when = noon + 3, .digest = 103}));
  auto const later = s.last_seen + 3'600 * us_per_second;
  EXPECT_EQ(frame::repeated,
            note_frame(s, {.session = "s", .f_cnt = 3, .when = later, .is_dated = false, .digest = 103}));
  EXPECT_EQ(frame::repeated, note_frame(s, {.session = "s", .f_cnt = 29, .when = later, .digest = 129}));
  EXPECT_EQ(frame::fresh, note_frame(s, {.session = "s", .f_cnt = 3, .when = later, .digest = 103}));
}

TEST(a_counter, with_other_data_from_before_is_a_late_frame_of_an_earlier_session) {
  auto s = half_an_hour();
  EXPECT_EQ(frame::late, note_frame(s, {.session = "s", .f_cnt = 3, .when = noon - 1, .digest = 7}));
  EXPECT_EQ(29u, s.f_cnt_last);
}

TEST(parts_of_a_frame, are_taken_once_each) {
  auto s = radio_state();
  auto const part = [&](std::uint32_t f_cnt, std::uint16_t digest) {
    return note_frame(s, {.session = "s", .f_cnt = f_cnt, .when = noon, .digest = digest, .is_part = true});
  };
  EXPECT_EQ(frame::fresh, part(1, 10));
  EXPECT_EQ(frame::part, part(1, 11));
  EXPECT_EQ(frame::repeated, part(1, 10));
  EXPECT_EQ(frame::fresh, part(2, 10));
  EXPECT_EQ(frame::part, part(1, 12)) << "after the next frame began";
  note_frame(s, {.session = "s", .f_cnt = 3, .when = noon, .digest = 1, .parts = {20, 21}});
  EXPECT_EQ(frame::repeated, part(3, 21)) << "it came within the whole message";
  EXPECT_EQ(3u, s.received);
}

TEST(a_leap, beyond_what_can_be_lost_is_not_counted_as_missing) { EXPECT_EQ(0u, after({1, 4'000'000'000u}).missed); }

TEST(the_window, remembers_127_frames_before_the_last) {
  for (auto const step : {1u, 63u, 64u, 65u, 127u}) {
    SCOPED_TRACE(step);
    auto s = after({1000, 1000 + step});
    EXPECT_TRUE(is_repeated(s, "s", 1000));
    EXPECT_TRUE(is_repeated(s, "s", 1000 + step));
    EXPECT_FALSE(is_repeated(s, "s", 1000 + step - 1) && step > 1);
  }
  for (auto const step : {128u, 129u, 191u, 1000u}) {
    SCOPED_TRACE(step);
    EXPECT_FALSE(is_repeated(after({1000, 1000 + step}), "s", 1000));
  }
}

TEST(the_state, survives_being_written_down) {
  auto s = after({1, 2, 6, 70, 100});
  note_frame(s, {.session = "s", .f_cnt = 100, .when = noon, .digest = 40'000, .is_part = true});
  s.last_seen = timestamp{1'790'000'000'000'000};
  s.rssi = -101.5;
  s.spreading_factor = 12;
  s.recent.push_back({.time = s.last_seen, .f_port = 85, .f_cnt = 100, .payload = std::string("\0\1", 2)});
  auto const back = read_radio_state(to_json(s));
  EXPECT_EQ(to_json(s), to_json(back));
  for (auto const n : {1u, 2u, 6u, 70u, 100u}) EXPECT_TRUE(is_repeated(back, "s", n)) << n;
  for (auto const n : {3u, 7u, 69u, 99u}) EXPECT_FALSE(is_repeated(back, "s", n)) << n;
}

}  // namespace
}  // namespace dos
