#include "geo/predicate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/fault.h"

namespace dos::geo {
namespace {

geometry wkt(char const* text) { return parse_wkt(text); }

bool holds(char const* tested, relation r, char const* query) {
  return spatial_query({.relation = r, .geometry = wkt(query)}).matches(wkt(tested));
}

bool is_near(char const* tested, char const* query, double max_m, double min_m = 0) {
  return spatial_query({.relation = relation::near, .geometry = wkt(query), .max_m = max_m, .min_m = min_m})
      .matches(wkt(tested));
}

constexpr char const* city = "POLYGON((7 51,8 51,8 52,7 52,7 51),(7.4 51.4,7.6 51.4,7.6 51.6,7.4 51.6,7.4 51.4))";

TEST(predicate, points_are_as_far_apart_as_surveyors_say) {
  // Vincenty's own example: Flinders Peak to Buninyong, 54,972.271 m on GRS80, which is WGS84 to the millimetre here.
  EXPECT_NEAR(54'972.271,
              distance_m({144.42486788888889, -37.95103341666667}, {143.92649552777777, -37.65282113888889}), 0.01);
  EXPECT_NEAR(111'319.49, distance_m({0, 0}, {1, 0}), 0.01);
  EXPECT_NEAR(222'638.98, distance_m({179, 0}, {-179, 0}), 0.01);
  EXPECT_NEAR(20'003'931.46, distance_m({0, 0}, {180, 0}), 0.01);
}

TEST(predicate, distance_to_an_area_ends_at_its_edge_and_counts_its_hole) {
  EXPECT_EQ(0, distance_m(wkt("POINT(7.1 51.1)"), wkt(city)));
  EXPECT_NEAR(distance_m({7.5, 51.5}, {7.5, 51.6}), distance_m(wkt("POINT(7.5 51.5)"), wkt(city)), 4200);
  EXPECT_NEAR(distance_m({8, 51.5}, {8.01, 51.5}), distance_m(wkt("POINT(8.01 51.5)"), wkt(city)), 3);
}

TEST(predicate, distance_to_a_line_is_good_at_the_scale_of_a_city) {
  auto random = std::mt19937(7);
  auto lon = std::uniform_real_distribution(7.2, 7.7);
  auto lat = std::uniform_real_distribution(51.4, 51.6);
  for (auto i = 0; i < 200; ++i) {
    auto const a = position{lon(random), lat(random)};
    auto const b = position{lon(random), lat(random)};
    auto const p = position{lon(random), lat(random)};
    auto line = geometry::body();
    line.shape = shape::line_string;
    line.positions = {a, b};
    auto exact = 1e9;
    for (auto k = 0; k <= 2000; ++k) {
      auto const t = k / 2000.0;
      exact = std::min(exact, distance_m(p, {a.lon + t * (b.lon - a.lon), a.lat + t * (b.lat - a.lat)}));
    }
    EXPECT_NEAR(exact, distance_m(geometry(p), geometry(line)), 0.005 * exact + 2);
  }
}

TEST(predicate, near_takes_both_ends_of_its_range) {
  EXPECT_TRUE(is_near("POINT(7.001 51)", "POINT(7 51)", 70.3));
  EXPECT_FALSE(is_near("POINT(7.001 51)", "POINT(7 51)", 70.1));
  EXPECT_TRUE(is_near("POINT(7.001 51)", "POINT(7 51)", 500, 70.1));
  EXPECT_FALSE(is_near("POINT(7.001 51)", "POINT(7 51)", 500, 70.3));
  EXPECT_TRUE(is_near("POINT(9 51)", "POINT(7 51)", std::numeric_limits<double>::infinity(), 1000));
  EXPECT_TRUE(is_near("POINT(7 51)", "POINT(7 51)", 0));
  EXPECT_TRUE(is_near("POINT(-179.99 0)", "POINT(179.99 0)", 3000));
  EXPECT_TRUE(is_near("POINT(7.5 51.3)", city, 1));
  EXPECT_TRUE(is_near("GEOMETRYCOLLECTION(POINT(20 20),POINT(7.0001 51))", "POINT(7 51)", 10));
}

TEST(predicate, near_agrees_with_the_geodesic_everywhere) {
  auto random = std::mt19937(11);
  auto lon = std::uniform_real_distribution(-180.0, 180.0);
  auto lat = std::uniform_real_distribution(-89.0, 89.0);
  auto offset = std::normal_distribution(0.0, 0.02);
  for (auto i = 0; i < 20'000; ++i) {
    auto const centre = position{lon(random), lat(random)};
    auto const p = position{std::clamp(centre.lon + offset(random), -180.0, 180.0),
                            std::clamp(centre.lat + offset(random), -90.0, 90.0)};
    for (auto const max_m : {500.0, 2000.0, 30'000.0}) {
      auto const q = spatial_query({.relation = relation::near, .geometry = geometry(centre), .max_m = max_m});
      ASSERT_EQ(distance_m(centre, p) <= max_m, q.matches(geometry(p)))
          << centre.lon << ' ' << centre.lat << ' ' << max_m;
    }
  }
}

TEST(predicate, the_box_for_the_index_loses_nobody) {
  auto random = std::mt19937(13);
  auto lon = std::uniform_real_distribution(-180.0, 180.0);
  auto lat = std::uniform_real_distribution(-90.0, 90.0);
  for (auto i = 0; i < 50'000; ++i) {
    auto const a = geometry({lon(random), lat(random)});
    auto const b = geometry({lon(random), lat(random)});
    auto const metres = distance_m(a.first(), b.first());
    ASSERT_TRUE(expanded(a.box(), metres).intersects(b.box())) << to_wkt(a) << to_wkt(b);
  }
}

TEST(predicate, what_stands_in_a_hole_is_not_within) {
  EXPECT_TRUE(holds("POINT(7.1 51.1)", relation::within, city));
  EXPECT_FALSE(holds("POINT(7.5 51.5)", relation::within, city));
  EXPECT_FALSE(holds("POINT(9 51.5)", relation::within, city));
  EXPECT_FALSE(holds("POINT(7 51.5)", relation::within, city)) << "the edge is not within";
  EXPECT_TRUE(holds("POINT(7 51.5)", relation::intersects, city)) << "but it meets";
}

TEST(predicate, relations_are_read_as_tested_then_query) {
  auto const* const big = "POLYGON((0 0,4 0,4 4,0 4,0 0))";
  auto const* const small = "POLYGON((1 1,2 1,2 2,1 2,1 1))";
  auto const* const aside = "POLYGON((3 3,5 3,5 5,3 5,3 3))";
  auto const* const beside = "POLYGON((4 0,5 0,5 4,4 4,4 0))";
  auto const* const through = "LINESTRING(-1 2,5 2)";
  EXPECT_TRUE(holds(small, relation::within, big));
  EXPECT_FALSE(holds(big, relation::within, small));
  EXPECT_TRUE(holds(big, relation::contains, small));
  EXPECT_TRUE(holds(aside, relation::overlaps, big));
  EXPECT_FALSE(holds(small, relation::overlaps, big));
  EXPECT_TRUE(holds(through, relation::crosses, big));
  EXPECT_TRUE(holds(big, relation::crosses, through));
  EXPECT_TRUE(holds(beside, relation::touches, big));
  EXPECT_TRUE(holds("POLYGON((4 4,0 4,0 0,4 0,4 4))", relation::equals, big));
  EXPECT_FALSE(holds(small, relation::equals, big));
  EXPECT_TRUE(holds("POINT(9 9)", relation::disjoint, big));
  EXPECT_FALSE(holds(small, relation::disjoint, big));
}

TEST(predicate, collections_are_asked_member_by_member) {
  auto const* const big = "POLYGON((0 0,4 0,4 4,0 4,0 0))";
  auto const* const half = "GEOMETRYCOLLECTION(POINT(1 1),POINT(9 9))";
  auto const* const inside = "GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(1 1,2 2))";
  EXPECT_TRUE(holds(half, relation::intersects, big));
  EXPECT_TRUE(holds(big, relation::intersects, half));
  EXPECT_FALSE(holds(half, relation::within, big));
  EXPECT_TRUE(holds(inside, relation::within, big));
  EXPECT_FALSE(holds(half, relation::disjoint, big));
  EXPECT_FALSE(holds(half, relation::equals, big));
  EXPECT_THROW(holds(big, relation::within, half), fault);
}

TEST(predicate, questions_without_sense_are_refused) {
  EXPECT_THROW(spatial_query({.relation = relation::near, .geometry = wkt("POINT(7 51)")}), fault);
  EXPECT_THROW(spatial_query({.relation = relation::near, .geometry = wkt("POINT(7 51)"), .max_m = -1}), fault);
  EXPECT_THROW(spatial_query({.relation = relation::within, .geometry = geometry()}), fault);
  EXPECT_FALSE(spatial_query({.relation = relation::disjoint, .geometry = wkt(city)}).matches(geometry()));
}

}  // namespace
}  // namespace dos::geo
