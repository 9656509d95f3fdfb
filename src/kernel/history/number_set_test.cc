#include "kernel/history/number_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace dos::history_parts {
namespace {

TEST(a_set_of_numbers, holds_what_was_added_in_whatever_order_and_nothing_else) {
  auto random = std::mt19937(5);
  for (auto round = 0; round < 50; ++round) {
    auto expected = std::set<observation_number>();
    auto set = number_set();
    for (auto i = 0; i < 40; ++i) {
      auto const start = random() % 300 + 1;
      for (auto n = start; n < start + random() % 6; ++n) {
        expected.insert(n);
        set.add(n);
      }
    }
    set.settle();
    for (auto n = observation_number(0); n < 320; ++n) {
      EXPECT_EQ(set.contains(n), expected.contains(n)) << n;
      auto const next = expected.lower_bound(n);
      EXPECT_EQ(set.meets(n, n + 10), next != expected.end() && *next <= n + 10) << n;
    }
  }
}

TEST(a_set_of_numbers, is_empty_until_one_is_added) {
  auto set = number_set();
  set.settle();
  EXPECT_TRUE(set.empty());
  EXPECT_FALSE(set.contains(0));
}

}  // namespace
}  // namespace dos::history_parts
