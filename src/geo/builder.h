// What the readers of GeoJSON and WKT share: positions one by one into a checked geometry.
#pragma once

#include <string>

#include "geo/geometry.h"

namespace dos::geo {

// The member to blame, "coordinates[0][3]"; becomes text only when somebody is to read it.
struct path {
  path const* parent;
  std::size_t index;
  std::string_view name = {};

  std::string text() const {
    auto const before = parent ? parent->text() : std::string();
    if (name.empty()) return parent ? before + '[' + std::to_string(index) + ']' : before;
    return before.empty() ? std::string(name) : before + '.' + std::string(name);
  }
};

// One geometry without members. The reader tells the structure, the builder keeps count and rules.
class builder {
 public:
  builder(shape s, parse_options const& options, std::size_t& points) : options_(options), points_(points) {
    body_.shape = s;
  }

  // Coordinates as they stand in the text; NaN for no height. Faults: invalid, too_large.
  void add(double east, double north, double height_m, path const& where);
  void end_line(path const& where);  // of a line string, or of a ring
  void end_polygon(path const& where);
  geometry finish(path const& where);

 private:
  bool is_area() const { return body_.shape == shape::polygon || body_.shape == shape::multi_polygon; }

  geometry::body body_;
  parse_options const& options_;
  std::size_t& points_;
};

[[noreturn]] void fail_geometry(std::string detail, path const& where);

}  // namespace dos::geo
