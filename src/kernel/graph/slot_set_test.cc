#include "kernel/graph/slot_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace dos {
namespace {

TEST(slot_set, is_a_set_in_order_sparse_or_dense) {
  auto random = std::mt19937(1);
  for (auto const range : {100u, 9'000u, 300'000u}) {
    auto mine = slot_set();
    auto reference = std::set<std::uint32_t>();
    for (auto i = 0; i < 60'000; ++i) {
      auto const slot = std::uint32_t(random() % range);
      if (random() % 3) EXPECT_EQ(mine.insert(slot), reference.insert(slot).second);
      else EXPECT_EQ(mine.erase(slot), reference.erase(slot) == 1);
    }
    EXPECT_EQ(mine.size(), reference.size());
    auto all = std::vector<std::uint32_t>();
    for (auto from = std::uint64_t(0);;) {
      auto const before = all.size();
      mine.copy_from(from, 97, all);
      if (all.size() == before) break;
      from = std::uint64_t(all.back()) + 1;
    }
    EXPECT_EQ(all, std::vector<std::uint32_t>(reference.begin(), reference.end()));
    for (auto i = 0u; i < range; i += 7) EXPECT_EQ(mine.contains(i), reference.contains(i));
  }
}

TEST(slot_set, holds_the_last_slot_there_is) {
  auto mine = slot_set();
  mine.insert(0xffff'ffff);
  auto all = std::vector<std::uint32_t>();
  mine.copy_from(0xffff'ffff, 10, all);
  EXPECT_EQ(all, std::vector<std::uint32_t>{0xffff'ffff});
  mine.copy_from(0x1'0000'0000, 10, all);
  EXPECT_EQ(all.size(), 1u);
}

}  // namespace
}  // namespace dos
