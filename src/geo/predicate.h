// How shapes lie to each other, and how far apart in metres.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "geo/geometry.h"

namespace dos::geo {

// Metres along the ellipsoid between two points (Karney's geodesic, exact to a micrometre), across the antimeridian
// too.
double distance_m(position a, position b);
// Metres between the nearest points of two shapes; 0 when they meet. Exact between points; otherwise the nearest points
// are sought on a plane laid at `a`: better than 0.5 % while the shapes are within 300 km. Infinite when one is empty.
double distance_m(geometry const& a, geometry const& b);
// The box of all that lies within `m` metres of `b`; all longitudes when that reaches a pole or the antimeridian.
box expanded(box const& b, double m);

// On the plane of longitude and latitude, in degrees; standards that know no metres ask for it. Of collections the nearest
// member, or the sum. Infinite, or 0, for what is empty.
double distance_degrees(geometry const& a, geometry const& b);
double length_degrees(geometry const& g);  // of lines; 0 of points and areas
// DE-9IM, "T*F**F***"; false for collections and patterns that are none.
bool relates(geometry const& a, geometry const& b, std::string const& pattern);

// OGC Simple Features 06-103r4, 6.1.15: what stands on an edge is not within. As read in `spatial_query`: the tested
// geometry is … the query's geometry.
enum class relation : std::uint8_t { near, within, contains, intersects, disjoint, equals, overlaps, crosses, touches };
std::optional<relation> parse_relation(std::string_view name);  // "within"
std::string_view to_string(relation r);

// One question asked of many shapes. Prepares the geometry once. One thread at a time; move only.
class spatial_query {
 public:
  struct options {
    geo::relation relation = relation::intersects;
    geo::geometry geometry;
    double max_m = std::numeric_limits<double>::infinity();  // of near; both ends belong to it
    double min_m = 0;
  };
  // Faults: invalid (empty geometry, near without or with negative distances), not_supported (a geometry collection
  // with other than near, intersects and disjoint).
  explicit spatial_query(options o);
  spatial_query(spatial_query&&) noexcept;
  spatial_query& operator=(spatial_query&&) noexcept;
  ~spatial_query();

  // Never throws for the data it is asked about; an empty geometry matches nothing. A collection intersects when one of
  // its members does, is within or disjoint when all are, contains when one does; the other relations it never has.
  bool matches(geometry const& g) const;

  // For an index: only shapes whose box meets this one can match. Nothing when the index cannot help (disjoint, near
  // with no max_m).
  std::optional<geo::box> box() const { return box_; }
  options const& question() const { return *question_; }

  struct prepared;

 private:
  bool is_near(geometry const& g) const;

  std::unique_ptr<options const> question_;  // stays where it is, because `prepared` points to its geometry
  std::optional<geo::box> box_;
  std::unique_ptr<prepared> prepared_;
};

}  // namespace dos::geo
