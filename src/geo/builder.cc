#include "geo/builder.h"

#include <cmath>

#include "base/fault.h"
#include "base/json.h"
#include "geo/projection.h"

namespace dos::geo {
namespace {

constexpr char const* geojson_clause = "RFC 7946, 3.1";

std::string text_of(double d) {
  auto text = std::string();
  json::write_number(text, d);
  return text;
}

}  // namespace

void fail_geometry(std::string detail, path const& where) {
  throw fault(fault_kind::invalid, std::move(detail), where.text(), geojson_clause);
}

void builder::add(double east, double north, double height_m, path const& where) {
  if (++points_ > options_.points_max) {
    throw fault(fault_kind::too_large,
                "the geometry has more than " + std::to_string(options_.points_max) + " positions", where.text());
  }
  auto p = position{east, north};
  if (options_.crs && !options_.crs->is_wgs84()) {
    auto const moved = options_.crs->find_wgs84(p);
    if (!moved) {
      fail_geometry("the coordinates " + text_of(east) + " " + text_of(north) +
                        " lie outside of EPSG:" + std::to_string(options_.crs->epsg()),
                    where);
    }
    p = *moved;
  }
  if (!(p.lon >= -180 && p.lon <= 180)) {
    fail_geometry("a longitude lies between -180 and 180, this is " + text_of(p.lon), where);
  }
  if (!(p.lat >= -90 && p.lat <= 90)) {
    fail_geometry("a latitude (the second number) lies between -90 and 90, this is " + text_of(p.lat), where);
  }
  if (!std::isnan(height_m) && body_.heights.empty()) {
    body_.heights.assign(body_.positions.size(), std::numeric_limits<double>::quiet_NaN());
  }
  if (!std::isnan(height_m) || !body_.heights.empty()) body_.heights.push_back(height_m);
  body_.positions.push_back(p);
}

void builder::end_line(path const& where) {
  auto const from = body_.line_ends.empty() ? 0 : body_.line_ends.back();
  auto const count = body_.positions.size() - from;
  if (is_area()) {
    if (count < 4) fail_geometry("a ring has at least 4 positions, this one " + std::to_string(count), where);
    if (!(body_.positions[from] == body_.positions.back())) {
      fail_geometry("a ring ends where it begins; the last position has to be the first again", where);
    }
  } else if (count < 2) {
    fail_geometry("a line has at least 2 positions, this one " + std::to_string(count), where);
  }
  if (body_.shape != shape::line_string) body_.line_ends.push_back(std::uint32_t(body_.positions.size()));
}

void builder::end_polygon(path const& where) {
  auto const from = body_.polygon_ends.empty() ? 0 : body_.polygon_ends.back();
  if (body_.line_ends.size() == from) fail_geometry("a polygon has at least an outer ring", where);
  if (body_.shape == shape::multi_polygon) body_.polygon_ends.push_back(std::uint32_t(body_.line_ends.size()));
}

geometry builder::finish(path const& where) {
  if (body_.positions.empty()) return {};
  auto g = geometry(std::move(body_));
  if (options_.refuses_self_intersection) {
    if (auto const defect = find_defect(g)) fail_geometry("the polygon is not simple: " + *defect, where);
  }
  return g;
}

}  // namespace dos::geo
