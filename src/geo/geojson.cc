#include <cmath>

#include "base/fault.h"
#include "geo/builder.h"
#include "geo/geometry.h"

namespace dos::geo {
namespace {

json::array const& items_of(json::value const& v, char const* what, path const& at) {
  if (!v.is_array()) fail_geometry(std::string("expected an array: ") + what, at);
  return v.as_array();
}

void read_position(builder& b, json::value const& v, path const& at) {
  auto const& numbers = items_of(v, "a position is [longitude, latitude]", at);
  if (numbers.size() < 2) fail_geometry("a position has a longitude and a latitude", at);
  for (auto i = std::size_t(0); i < numbers.size(); ++i) {
    if (!numbers[i].is_number()) fail_geometry("a coordinate has to be a number", path{&at, i});
  }
  auto const height = numbers.size() > 2 ? numbers[2].as_double() : std::numeric_limits<double>::quiet_NaN();
  b.add(numbers[0].as_double(), numbers[1].as_double(), height, at);
}

void read_positions(builder& b, json::value const& v, path const& at) {
  auto const& items = items_of(v, "positions", at);
  for (auto i = std::size_t(0); i < items.size(); ++i) read_position(b, items[i], {&at, i});
}

void read_line(builder& b, json::value const& v, path const& at) {
  read_positions(b, v, at);
  b.end_line(at);
}

void read_lines(builder& b, json::value const& v, path const& at) {
  auto const& items = items_of(v, "lines or rings", at);
  for (auto i = std::size_t(0); i < items.size(); ++i) read_line(b, items[i], {&at, i});
}

void read_polygon(builder& b, json::value const& v, path const& at) {
  read_lines(b, v, at);
  b.end_polygon(at);
}

void read_coordinates(builder& b, shape s, json::value const& v, path const& at) {
  switch (s) {
    case shape::point:
      return read_position(b, v, at);
    case shape::multi_point:
      return read_positions(b, v, at);
    case shape::line_string:
      return read_line(b, v, at);
    case shape::multi_line_string:
      return read_lines(b, v, at);
    case shape::polygon:
      return read_polygon(b, v, at);
    default:
      break;
  }
  auto const& items = items_of(v, "polygons", at);
  for (auto i = std::size_t(0); i < items.size(); ++i) read_polygon(b, items[i], {&at, i});
}

shape read_shape(json::value const& v, path const& at) {
  auto const type = v.text_or("type", "");
  for (auto s = 1; s <= int(shape::collection); ++s) {
    if (to_string(shape(s)) == type) return shape(s);
  }
  if (!v.is_object()) fail_geometry("a GeoJSON geometry is an object with type and coordinates", at);
  fail_geometry("\"" + std::string(type) + "\" is no type of a GeoJSON geometry; Point and Polygon are, for example",
                path{&at, 0, "type"});
}

geometry read_geometry(json::value const& v, path const& at, parse_options const& options, std::size_t& points,
                       int depth) {
  auto const s = read_shape(v, at);
  auto const here = path{&at, 0, s == shape::collection ? "geometries" : "coordinates"};
  if (s != shape::collection) {
    auto const* const coordinates = v.find("coordinates");
    if (!coordinates) fail_geometry("the geometry has no coordinates", here);
    auto b = builder(s, options, points);
    read_coordinates(b, s, *coordinates, here);
    auto g = b.finish(here);
    if (g.is_empty()) fail_geometry("the geometry has no positions", here);
    return g;
  }
  if (depth >= collection_depth_max) {
    throw fault(fault_kind::too_large, "collections are nested deeper than " + std::to_string(collection_depth_max),
                here.text());
  }
  auto const* const geometries = v.find("geometries");
  if (!geometries || !geometries->is_array() || geometries->as_array().empty()) {
    fail_geometry("a GeometryCollection has an array of geometries", here);
  }
  auto b = geometry::body();
  b.shape = shape::collection;
  auto const& items = geometries->as_array();
  for (auto i = std::size_t(0); i < items.size(); ++i) {
    b.members.push_back(read_geometry(items[i], {&here, i}, options, points, depth + 1));
  }
  return geometry(std::move(b));
}

json::value to_json(position p, double height_m) {
  auto result = json::array{p.lon, p.lat};
  if (!std::isnan(height_m)) result.emplace_back(height_m);
  return result;
}

// Positions `from` to `to`, each or all together as one array.
class coordinates_writer {
 public:
  explicit coordinates_writer(geometry const& g) : g_(g), body_(g.find_body()) {}

  json::value position_at(std::size_t i) const {
    auto const height = body_ && !body_->heights.empty() ? body_->heights[i] : std::numeric_limits<double>::quiet_NaN();
    return to_json(g_.positions()[i], height);
  }
  json::value positions(std::size_t from, std::size_t to) const {
    auto result = json::array();
    result.reserve(to - from);
    for (auto i = from; i < to; ++i) result.push_back(position_at(i));
    return result;
  }
  json::value lines(std::size_t from, std::size_t to) const {
    auto result = json::array();
    for (auto i = from; i < to; ++i) {
      result.push_back(positions(i == 0 ? 0 : body_->line_ends[i - 1], body_->line_ends[i]));
    }
    return result;
  }
  json::value polygons() const {
    auto result = json::array();
    auto from = std::size_t(0);
    for (auto const to : body_->polygon_ends) {
      result.push_back(lines(from, to));
      from = to;
    }
    return result;
  }

 private:
  geometry const& g_;
  geometry::body const* body_;
};

}  // namespace

geometry parse_geojson(json::value const& v, parse_options const& options) {
  auto points = std::size_t(0);
  return read_geometry(v, {nullptr, 0}, options, points, 0);
}

json::value to_json(geometry const& g) {
  auto const s = g.shape();
  if (s == shape::none) return nullptr;
  auto result = json::object{{"type", to_string(s)}};
  if (s == shape::collection) {
    auto members = json::array();
    for (auto const& m : g.members()) members.push_back(to_json(m));
    result.push("geometries", std::move(members));
    return result;
  }
  auto const w = coordinates_writer(g);
  auto const n = g.positions().size();
  switch (s) {
    case shape::point:
      result.push("coordinates", w.position_at(0));
      break;
    case shape::multi_point:
    case shape::line_string:
      result.push("coordinates", w.positions(0, n));
      break;
    case shape::multi_line_string:
    case shape::polygon:
      result.push("coordinates", w.lines(0, g.line_count()));
      break;
    default:
      result.push("coordinates", w.polygons());
  }
  return result;
}

}  // namespace dos::geo
