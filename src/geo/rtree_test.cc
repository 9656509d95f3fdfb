#include "geo/rtree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

namespace dos::geo {
namespace {

std::vector<std::uint32_t> found_in(rtree const& tree, box const& b) {
  auto found = std::vector<std::uint32_t>();
  tree.search(b, [&](std::uint32_t slot) {
    found.push_back(slot);
    return true;
  });
  std::sort(found.begin(), found.end());
  return found;
}

TEST(rtree, finds_what_a_look_at_everything_finds_whatever_came_and_went) {
  auto random = std::mt19937(5);
  auto coordinate = std::uniform_real_distribution(0.0, 1.0);
  auto const random_box = [&](double size) {
    auto b = box();
    b.extend(position{coordinate(random), coordinate(random)});
    if (random() % 2) b.extend(position{b.west + size * coordinate(random), b.south + size * coordinate(random)});
    return b;
  };
  auto tree = rtree();
  auto all = std::map<std::uint32_t, box>();
  for (auto step = 0; step < 30'000; ++step) {
    auto const slot = std::uint32_t(random() % 3000);
    // First it grows, then it shrinks to nothing, then it moves.
    auto const phase = step / 10'000;
    if (phase == 1 || (phase == 2 && random() % 4 == 0)) {
      EXPECT_EQ(all.erase(slot) > 0, tree.erase(slot));
    } else {
      all[slot] = random_box(0.05);
      tree.update(slot, all[slot]);
    }
    ASSERT_EQ(all.size(), tree.size());
    if (step % 100 != 0) continue;
    auto const b = random_box(0.3);
    auto expected = std::vector<std::uint32_t>();
    for (auto const& [s, known] : all) {
      if (known.intersects(b)) expected.push_back(s);
    }
    ASSERT_EQ(expected, found_in(tree, b)) << "after " << step << " steps";
  }
}

TEST(rtree, many_at_one_place_are_all_found) {
  auto tree = rtree();
  for (auto i = 0u; i < 1000; ++i) tree.insert(i, {7, 51, 7, 51});
  EXPECT_EQ(1000u, found_in(tree, {7, 51, 7, 51}).size());
  for (auto i = 0u; i < 1000; ++i) EXPECT_TRUE(tree.erase(i));
  EXPECT_TRUE(found_in(tree, whole_world()).empty());
  EXPECT_FALSE(tree.erase(1));
}

TEST(rtree, a_search_stops_when_told) {
  auto tree = rtree();
  for (auto i = 0u; i < 100; ++i) tree.insert(i, {7, 51, 7, 51});
  auto count = 0;
  tree.search(whole_world(), [&](std::uint32_t) { return ++count < 3; });
  EXPECT_EQ(3, count);
}

TEST(rtree, the_nearest_come_first) {
  auto random = std::mt19937(9);
  auto lon = std::uniform_real_distribution(7.0, 8.0);
  auto lat = std::uniform_real_distribution(51.0, 52.0);
  auto tree = rtree();
  auto points = std::vector<position>();
  for (auto i = 0u; i < 2000; ++i) {
    points.push_back({lon(random), lat(random)});
    tree.insert(i, geometry(points.back()).box());
  }
  auto const from = position{7.5, 51.5};
  auto const metres = [&](position p) {
    return std::hypot((p.lon - from.lon) * std::cos(from.lat * 3.14159265358979 / 180), p.lat - from.lat);
  };
  auto order = std::vector<std::uint32_t>();
  tree.nearest(from, [&](std::uint32_t slot, double) {
    order.push_back(slot);
    return true;
  });
  ASSERT_EQ(2000u, order.size());
  for (auto i = 1u; i < order.size(); ++i) EXPECT_LE(metres(points[order[i - 1]]), metres(points[order[i]]) + 1e-9);
}

}  // namespace
}  // namespace dos::geo
