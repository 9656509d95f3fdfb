#include "standard/sensorthings/times.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "standard/sensorthings/draft.h"

namespace dos::sensorthings {
namespace {

TEST(times, are_the_same_moment_in_every_zone) {
  auto const wanted = parse_timestamp("2026-11-21T20:00:00Z");
  for (auto const text : {"2026-11-21T20:00:00Z", "2026-11-21T20:00Z", "2026-11-21T20:00:00.000Z",
                          "2026-11-21T21:00:00+01:00", "2026-11-21T21:00:00 01:00", "2026-11-21T18:30:00-01:30"}) {
    EXPECT_EQ(parse_instant(text), wanted) << text;
  }
  EXPECT_EQ(to_string(*parse_instant("2026-11-21")), "2026-11-21T00:00:00Z");
}

TEST(times, that_are_nonsense_are_none) {
  for (auto const text : {"", "now", "2026", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-21T25:00:00Z",
                          "2026-11-21T20:00:00+99:00", "-1", "9999999-01-01T00:00:00Z", "2026-11-21T20:00:00Z tomorrow",
                          " ", "2026-11-21 ", "/"}) {
    EXPECT_FALSE(parse_instant(text)) << text;
    EXPECT_FALSE(parse_span(text)) << text;
  }
}

TEST(spans, have_a_beginning_before_their_end) {
  auto const s = parse_span("2026-11-21T20:00:00Z/2026-11-21T22:00:00+01:00");
  ASSERT_TRUE(s);
  EXPECT_FALSE(s->is_instant);
  EXPECT_EQ(s->to - s->from, 3'600 * us_per_second);
  EXPECT_FALSE(parse_span("2026-11-21T20:00:00Z/2026-11-21T19:00:00Z"));
  EXPECT_FALSE(parse_span("2026-11-21T20:00:00Z/"));
  for (auto const text : {"2026-11-21T20:00:00Z/PT1H", "PT60M/2026-11-21T21:00:00Z"}) {
    ASSERT_TRUE(parse_span(text)) << text;
    EXPECT_EQ(parse_span(text)->from, s->from) << text;
    EXPECT_EQ(parse_span(text)->to, s->to) << text;
  }
  EXPECT_EQ(to_string(parse_span("2026-01-31T00:00:00Z/P1M")->to), "2026-02-28T00:00:00Z");
  for (auto const text : {"PT1H/PT1H", "PT1H", "2026-11-21T20:00:00Z/P", "9999-12-31T00:00:00Z/P2D", "P9999Y/2026-11-21T20:00:00Z",
                          "2026-11-21T20:00:00Z/P90000Y", "2026-11-21T20:00:00Z/PT99999999999999H"})
    EXPECT_FALSE(parse_span(text)) << text;
  EXPECT_FALSE(parse_span("2026-11-21T20:00:00Z/2026-11-21T21:00:00Z/2026-11-21T22:00:00Z"));
}

TEST(an_observation_that_comes_in, refuses_times_that_no_measurement_has) {
  auto const refused = [](char const* member, json::value v) {
    auto d = observation_draft();
    EXPECT_THROW(read_member(d, member, v), fault) << member << json::to_string(v);
  };
  for (auto const member : {"phenomenonTime", "resultTime", "validTime"}) {
    for (auto const& v : std::vector<json::value>{"yesterday", 5, true, json::array{}, json::object{},
                                                  "2026-02-30T00:00:00Z", "-0044-03-15T00:00:00Z"})
      refused(member, v);
  }
  refused("resultTime", "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z");
  refused("validTime", "2026-01-01T00:00:00Z");
  refused("parameters", json::array{1});
  refused("parameters", "x");
}

}  // namespace
}  // namespace dos::sensorthings
