#include "kernel/city/interval_set.h"

#include <gtest/gtest.h>

#include <random>

#include "base/time.h"

namespace dos {
namespace {

TEST(an_interval_set, finds_what_a_list_finds) {
  auto random = std::mt19937(3);
  auto const pick = [&](int n) { return std::int64_t(random() % std::uint32_t(n)); };
  auto set = interval_set();
  auto list = std::vector<interval>();
  for (auto i = 0; i < 4'000; ++i) {
    if (pick(3) == 0 && !list.empty()) {
      auto const at = std::size_t(pick(int(list.size())));
      EXPECT_TRUE(set.remove(list[at]));
      list.erase(list.begin() + std::ptrdiff_t(at));
    } else {
      auto const from = pick(1'000);
      list.push_back({from, from + 1 + (pick(20) ? pick(10) : pick(900)), std::uint32_t(1 + pick(3)), std::uint64_t(i)});
      set.add(list.back());
    }
    auto const from = pick(1'000), to = from + 1 + pick(50);
    auto most = std::uint64_t(0);
    for (auto t = from; t < to; ++t) {
      auto now = std::uint64_t(0);
      for (auto const& one : list) now += one.from <= t && t < one.to ? one.weight : 0;
      most = std::max(most, now);
    }
    ASSERT_EQ(set.peak(from, to), most);
    ASSERT_EQ(set.meets(from, to), most > 0);
  }
}

TEST(an_interval_set, knows_the_ends_of_time) {
  auto set = interval_set();
  auto const from = timestamp_min.us, to = timestamp_max.us;
  set.add({from, to, 1, 1});
  EXPECT_TRUE(set.meets(5, 6));
  EXPECT_TRUE(set.meets(from, from + 1));
  EXPECT_FALSE(set.remove({from, to, 1, 2}));
  EXPECT_TRUE(set.remove({from, to, 1, 1}));
  EXPECT_TRUE(set.empty());
}

}  // namespace
}  // namespace dos
