#include "capability/applications/free_time.h"

#include <gtest/gtest.h>

#include <string>

namespace dos::applications {
namespace {

// An hour a sign: digits are places that are taken, # stands for all of it, . for none.
std::vector<taken_time> read_day(std::string_view day) {
  auto all = std::vector<taken_time>();
  for (auto i = std::size_t(0); i < day.size(); ++i) {
    auto const from = timestamp{std::int64_t(i)}, to = timestamp{std::int64_t(i) + 1};
    if (day[i] == '#') all.push_back({from, to, 1, true});
    else if (day[i] != '.') all.push_back({from, to, std::uint32_t(day[i] - '0')});
  }
  return all;
}

std::string draw(std::vector<free_span> const& spans, std::size_t hours) {
  auto out = std::string(hours, '-');
  for (auto const& s : spans) {
    for (auto i = s.from.us; i < s.to.us; ++i) out[std::size_t(i)] = char('0' + s.places);
  }
  return out;
}

TEST(free_time, is_what_nobody_took) {
  struct row {
    char const* day;
    std::uint32_t capacity;
    char const* left;
  };
  for (auto const& r : {row{"....", 1, "1111"}, row{".11.", 1, "1--1"}, row{"1.1.", 2, "1212"}, row{".2.3", 3, "313-"},
                        row{"5...", 3, "-333"}, row{"..##", 8, "88--"}, row{"1111", 1, "----"}}) {
    SCOPED_TRACE(r.day);
    EXPECT_EQ(r.left, draw(free_time({0}, {4}, {r.capacity, read_day(r.day)}), 4));
  }
}

TEST(free_time, is_cut_at_what_was_asked_for) {
  auto const taken = std::vector<taken_time>{{{-5}, {2}, 1, false}, {{8}, {50}, 1, false}};
  EXPECT_EQ((std::vector<free_span>{{{2}, {8}, 1}}), free_time({0}, {10}, {1, taken}));
}

TEST(free_time, is_one_span_while_the_places_stay) {
  EXPECT_EQ((std::vector<free_span>{{{0}, {4}, 1}}), free_time({0}, {4}, {2, {{{0}, {2}, 1, false}, {{2}, {4}, 1, false}}}));
}

}  // namespace
}  // namespace dos::applications
