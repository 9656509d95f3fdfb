#include "geo/geometry.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/fault.h"

namespace dos::geo {
namespace {

constexpr std::array<std::string_view, 8> shape_names = {
    "", "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"};

constexpr double no_height = std::numeric_limits<double>::quiet_NaN();

box box_of(geometry::body const& b) {
  auto result = box();
  for (auto const p : b.positions) result.extend(p);
  for (auto const& m : b.members) result.extend(m.box());
  return result;
}

// A weighted mean that grows.
struct mean {
  double weight = 0, x = 0, y = 0;

  void add(double w, double at_x, double at_y) {
    weight += w;
    x += w * at_x;
    y += w * at_y;
  }
};

// Means by dimension: points, lines, areas.
using means = std::array<mean, 3>;

void add_line(mean& m, std::span<position const> line) {
  for (auto i = std::size_t(1); i < line.size(); ++i) {
    auto const a = line[i - 1];
    auto const b = line[i];
    m.add(std::hypot(b.lon - a.lon, b.lat - a.lat), (a.lon + b.lon) / 2, (a.lat + b.lat) / 2);
  }
}

// Relative to the first position, because areas of small rings far from (0, 0) would lose all digits otherwise.
void add_ring(mean& m, std::span<position const> ring, bool is_hole) {
  auto const o = ring[0];
  auto r = mean();
  for (auto i = std::size_t(1); i < ring.size(); ++i) {
    auto const ax = ring[i - 1].lon - o.lon;
    auto const ay = ring[i - 1].lat - o.lat;
    auto const bx = ring[i].lon - o.lon;
    auto const by = ring[i].lat - o.lat;
    auto const cross = ax * by - bx * ay;
    r.add(cross / 2, (ax + bx) / 3, (ay + by) / 3);
  }
  if (r.weight == 0) return;
  auto const area = is_hole ? -std::abs(r.weight) : std::abs(r.weight);
  m.add(area, o.lon + r.x / r.weight, o.lat + r.y / r.weight);
}

bool is_first_ring(geometry::body const& b, std::size_t ring) {
  return ring == 0 || std::find(b.polygon_ends.begin(), b.polygon_ends.end(), ring) != b.polygon_ends.end();
}

void add_all(means& m, geometry const& g) {
  for (auto const& member : g.members()) add_all(m, member);
  for (auto const p : g.positions()) m[0].add(1, p.lon, p.lat);
  auto const* const b = g.find_body();
  if (b && b->shape == shape::line_string) add_line(m[1], b->positions);
  for (auto i = std::size_t(0); i < g.line_count(); ++i) {
    add_line(m[1], g.line(i));
    if (b->shape == shape::polygon || b->shape == shape::multi_polygon)
      add_ring(m[2], g.line(i), !is_first_ring(*b, i));
  }
}

}  // namespace

std::string_view to_string(shape s) { return shape_names[std::size_t(s)]; }

void box::extend(position p) {
  west = std::min(west, p.lon);
  south = std::min(south, p.lat);
  east = std::max(east, p.lon);
  north = std::max(north, p.lat);
}

void box::extend(box const& o) {
  west = std::min(west, o.west);
  south = std::min(south, o.south);
  east = std::max(east, o.east);
  north = std::max(north, o.north);
}

geometry::geometry(position p, double height_m)
    : geometry(body{.shape = geo::shape::point,
                    .positions = {p},
                    .heights = {height_m},
                    .line_ends = {},
                    .polygon_ends = {},
                    .members = {},
                    .box = {}}) {}

geometry::geometry(body b) {
  if (b.shape == geo::shape::none) return;
  if (b.shape == geo::shape::point && b.heights.empty()) {
    point_ = b.positions.at(0);
    return;
  }
  b.box = box_of(b);
  body_ = std::make_shared<body const>(std::move(b));
}

position geometry::first() const {
  if (!body_) return point_;
  return body_->positions.empty() ? body_->members.front().first() : body_->positions.front();
}

std::optional<double> geometry::height_m() const {
  if (shape() != geo::shape::point || !body_ || std::isnan(body_->heights[0])) return {};
  return body_->heights[0];
}

box geometry::box() const {
  if (body_) return body_->box;
  auto b = geo::box();
  if (!is_empty()) b.extend(point_);
  return b;
}

position geometry::centroid() const {
  if (!body_) return point_;
  auto m = means();
  add_all(m, *this);
  // Rings and lines without extent count as what is left of them.
  auto const& best = m[2].weight > 0 ? m[2] : m[1].weight > 0 ? m[1] : m[0];
  return best.weight > 0 ? position{best.x / best.weight, best.y / best.weight} : first();
}

std::size_t geometry::positions_count() const {
  auto n = positions().size();
  for (auto const& m : members()) n += m.positions_count();
  return n;
}

std::span<position const> geometry::positions() const {
  if (body_) return body_->positions;
  return {&point_, is_empty() ? 0u : 1u};
}

std::size_t geometry::line_count() const { return body_ ? body_->line_ends.size() : 0; }

std::span<position const> geometry::line(std::size_t i) const {
  auto const& ends = body_->line_ends;
  auto const from = i == 0 ? 0 : ends[i - 1];
  return std::span(body_->positions).subspan(from, ends[i] - from);
}

std::span<geometry const> geometry::members() const {
  return body_ ? std::span<geometry const>(body_->members) : std::span<geometry const>();
}

bool geometry::operator==(geometry const& o) const {
  if (body_ == o.body_) return body_ || is_empty() == o.is_empty() ? body_ || is_empty() || point_ == o.point_ : false;
  if (!body_ || !o.body_) return false;
  auto const& a = *body_;
  auto const& b = *o.body_;
  auto const same_height = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  return a.shape == b.shape && a.positions == b.positions &&
         std::equal(a.heights.begin(), a.heights.end(), b.heights.begin(), b.heights.end(), same_height) &&
         a.line_ends == b.line_ends && a.polygon_ends == b.polygon_ends && a.members == b.members;
}

}  // namespace dos::geo
