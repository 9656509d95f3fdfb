// Shapes on the Earth as values: GeoJSON geometry (RFC 7946) in WGS84, longitude before latitude, in degrees.
//
// A geometry is 32 bytes. A point without height lies in place, so that a million of them cost a million times 32
// bytes; anything else lies in an immutable body that copies share. Threads may share bodies.
//
// Longitudes are read on a plane from -180 to 180 (RFC 7946, 3.1.9): a shape across the antimeridian is to be cut into
// two parts by who writes it. An edge from 179 to -179 therefore goes the long way round.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace dos::geo {

struct position {
  double lon = 0;
  double lat = 0;

  bool operator==(position const&) const = default;
};

// Closed: the edges belong to it. Empty as made.
struct box {
  double west = std::numeric_limits<double>::infinity();
  double south = std::numeric_limits<double>::infinity();
  double east = -std::numeric_limits<double>::infinity();
  double north = -std::numeric_limits<double>::infinity();

  bool is_empty() const { return !(west <= east && south <= north); }
  bool intersects(box const& o) const {
    return west <= o.east && o.west <= east && south <= o.north && o.south <= north;
  }
  bool contains(box const& o) const { return west <= o.west && o.east <= east && south <= o.south && o.north <= north; }
  void extend(position p);
  void extend(box const& o);
  position centre() const { return {(west + east) / 2, (south + north) / 2}; }
  bool operator==(box const&) const = default;
};

inline constexpr box whole_world() { return {-180, -90, 180, 90}; }

enum class shape : std::uint8_t {
  none,  // no geometry
  point,
  multi_point,
  line_string,
  multi_line_string,
  polygon,
  multi_polygon,
  collection
};
std::string_view to_string(shape s);  // "MultiPolygon"

inline constexpr std::size_t points_max_default = 100'000;
inline constexpr int collection_depth_max = 4;

class geometry {
 public:
  // What lies behind anything but a plain point. Positions of all parts one after the other:
  //   multi_point, line_string   positions
  //   multi_line_string          line_ends[i]: where line i ends in positions
  //   polygon                    line_ends: its rings, the first the outer one; rings are closed (first = last)
  //   multi_polygon              line_ends: all rings; polygon_ends[i]: where polygon i ends in line_ends
  //   collection                 members, nothing else
  struct body {
    geo::shape shape = shape::none;
    std::vector<position> positions;
    std::vector<double> heights;  // metres; empty, or one for each position (NaN where that one has none)
    std::vector<std::uint32_t> line_ends;
    std::vector<std::uint32_t> polygon_ends;
    std::vector<geometry> members;
    geo::box box;  // filled by the geometry
  };

  geometry() = default;
  explicit geometry(position p) : point_(p) {}
  geometry(position p, double height_m);
  // The caller keeps the shape of `b` as described above; use the parsers for anything from outside.
  explicit geometry(body b);

  geo::shape shape() const {
    return body_ ? body_->shape : point_.lon == point_.lon ? geo::shape::point : geo::shape::none;
  }
  bool is_empty() const { return shape() == geo::shape::none; }
  // The point, or the first position. Nothing may ask this of an empty geometry.
  position first() const;
  std::optional<double> height_m() const;  // of a point
  geo::box box() const;
  // Of the parts of the highest dimension: the centre of area, else of length, else of the points. On the plane.
  position centroid() const;
  std::size_t positions_count() const;

  std::span<position const> positions() const;  // of any shape but a collection
  std::size_t line_count() const;               // lines or rings
  std::span<position const> line(std::size_t i) const;
  std::span<geometry const> members() const;  // of a collection
  body const* find_body() const { return body_.get(); }

  bool operator==(geometry const& o) const;  // same positions in the same order; see `relation::equals` for topology

 private:
  position point_{std::numeric_limits<double>::quiet_NaN(), 0};
  std::shared_ptr<body const> body_;
};

class projection;

struct parse_options {
  projection const* crs = nullptr;  // of the coordinates, when not WGS84; has to live while parsing
  std::size_t points_max = points_max_default;
  // Rings that cross or touch themselves along a line make areas ambiguous; such polygons are refused unless told.
  bool refuses_self_intersection = true;
};

// RFC 7946, 3.1. Throws fault invalid naming the member ("coordinates[0][3][1]"): unknown type, wrong nesting, not a
// number, outside -180…180 and -90…90, a line of fewer than 2 or ring of fewer than 4 positions, a ring that is not
// closed, self-intersection; too_large over points_max or collection_depth_max. Numbers after the height are dropped, a
// bbox is ignored.
geometry parse_geojson(json::value const& v, parse_options const& options = {});
json::value to_json(geometry const& g);  // null for an empty one

// Well-known text, longitude first: "POLYGON((7 51, 8 51, 8 52, 7 51))", also "POINT Z (7 51 88)" and
// "SRID=4326;POINT(7 51)". Faults as for parse_geojson; malformed for the text itself, with the character.
geometry parse_wkt(std::string_view text, parse_options const& options = {});
std::string to_wkt(geometry const& g);  // "" for an empty one

// Nothing, or why the shape is not simple ("Self-intersection at 7.5 51.5"). Polygons only; the other shapes pass.
std::optional<std::string> find_defect(geometry const& g);

}  // namespace dos::geo
