#include "geo/predicate.h"

#include <geodesic.h>
#include <geos_c.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdarg>
#include <numbers>
#include <string>
#include <vector>

#include "base/fault.h"

namespace dos::geo {
namespace {

constexpr double radians = std::numbers::pi / 180;
constexpr double wgs84_a_m = 6378137;
constexpr double wgs84_f = 1 / 298.257223563;
constexpr double wgs84_e2 = wgs84_f * (2 - wgs84_f);

constexpr std::array<std::string_view, 9> relation_names = {"near",   "within",   "contains", "intersects", "disjoint",
                                                            "equals", "overlaps", "crosses",  "touches"};

class geos_of_thread {
 public:
  geos_of_thread() : context_(GEOS_init_r()) { GEOSContext_setErrorMessageHandler_r(context_, &keep_message, this); }
  ~geos_of_thread() { GEOS_finish_r(context_); }

  GEOSContextHandle_t context() const { return context_; }
  std::string message;

 private:
  static void keep_message(char const* text, void* self) { static_cast<geos_of_thread*>(self)->message = text; }
  GEOSContextHandle_t context_;
};

geos_of_thread& geos() {
  thread_local auto instance = geos_of_thread();
  return instance;
}

}  // namespace

struct geos_deleter {
  void operator()(GEOSGeometry* g) const { GEOSGeom_destroy_r(geos().context(), g); }
  void operator()(GEOSPreparedGeometry const* g) const { GEOSPreparedGeom_destroy_r(geos().context(), g); }
};
using geos_shape = std::unique_ptr<GEOSGeometry, geos_deleter>;
using geos_prepared = std::unique_ptr<GEOSPreparedGeometry const, geos_deleter>;

// Metres for a degree of longitude and of latitude around a place: the ellipsoid's own radii of curvature.
struct plane {
  double m_per_lon;
  double m_per_lat;

  explicit plane(position at) {
    auto const sine = std::sin(at.lat * radians);
    auto const w = 1 - wgs84_e2 * sine * sine;
    auto const across = wgs84_a_m / std::sqrt(w);
    m_per_lon = std::max(across * std::cos(at.lat * radians), 1.0) * radians;
    m_per_lat = across * (1 - wgs84_e2) / w * radians;
  }
};

namespace {

constexpr plane const* degrees = nullptr;

GEOSCoordSequence* to_sequence(std::span<position const> positions, plane const* scale) {
  auto* const sequence = GEOSCoordSeq_create_r(geos().context(), unsigned(positions.size()), 2);
  for (auto i = 0u; i < positions.size(); ++i) {
    auto const p = positions[i];
    GEOSCoordSeq_setXY_r(geos().context(), sequence, i, scale ? p.lon * scale->m_per_lon : p.lon,
                         scale ? p.lat * scale->m_per_lat : p.lat);
  }
  return sequence;
}

GEOSGeometry* to_polygon(geometry const& g, std::size_t first_ring, std::size_t last_ring, plane const* scale) {
  auto* const context = geos().context();
  auto const ring = [&](std::size_t i) { return GEOSGeom_createLinearRing_r(context, to_sequence(g.line(i), scale)); };
  auto* const outer = ring(first_ring);
  auto holes = std::vector<GEOSGeometry*>();
  for (auto i = first_ring + 1; i < last_ring; ++i) holes.push_back(ring(i));
  return GEOSGeom_createPolygon_r(context, outer, holes.data(), unsigned(holes.size()));
}

// Degrees, or metres on a plane. Not for collections.
geos_shape to_geos(geometry const& g, plane const* scale) {
  auto* const context = geos().context();
  auto parts = std::vector<GEOSGeometry*>();
  auto const collect = [&](int type) {
    return geos_shape(GEOSGeom_createCollection_r(context, type, parts.data(), unsigned(parts.size())));
  };
  switch (g.shape()) {
    case shape::point:
      return geos_shape(GEOSGeom_createPoint_r(context, to_sequence(g.positions().first(1), scale)));
    case shape::line_string:
      return geos_shape(GEOSGeom_createLineString_r(context, to_sequence(g.positions(), scale)));
    case shape::polygon:
      return geos_shape(to_polygon(g, 0, g.line_count(), scale));
    case shape::multi_point:
      for (auto const& p : g.positions()) {
        parts.push_back(GEOSGeom_createPoint_r(context, to_sequence({&p, 1}, scale)));
      }
      return collect(GEOS_MULTIPOINT);
    case shape::multi_line_string:
      for (auto i = std::size_t(0); i < g.line_count(); ++i) {
        parts.push_back(GEOSGeom_createLineString_r(context, to_sequence(g.line(i), scale)));
      }
      return collect(GEOS_MULTILINESTRING);
    default:
      break;
  }
  auto from = std::size_t(0);
  for (auto const to : g.find_body()->polygon_ends) {
    parts.push_back(to_polygon(g, from, to, scale));
    from = to;
  }
  return collect(GEOS_MULTIPOLYGON);
}

position to_position(GEOSCoordSequence* sequence, unsigned i, plane const& scale) {
  auto x = 0.0;
  auto y = 0.0;
  GEOSCoordSeq_getXY_r(geos().context(), sequence, i, &x, &y);
  return {x / scale.m_per_lon, y / scale.m_per_lat};
}

// Between what the sequence says are the two nearest points; takes the sequence.
double distance_of_nearest_m(GEOSCoordSequence* nearest, plane const& scale) {
  if (!nearest) return std::numeric_limits<double>::infinity();
  auto const a = to_position(nearest, 0, scale);
  auto const b = to_position(nearest, 1, scale);
  GEOSCoordSeq_destroy_r(geos().context(), nearest);
  return a == b ? 0 : distance_m(a, b);
}

}  // namespace

std::optional<relation> parse_relation(std::string_view name) {
  auto const found = std::find(relation_names.begin(), relation_names.end(), name);
  if (found == relation_names.end()) return {};
  return relation(found - relation_names.begin());
}

std::string_view to_string(relation r) { return relation_names[std::size_t(r)]; }

double distance_m(position a, position b) {
  static auto const ellipsoid = [] {
    auto g = geod_geodesic();
    geod_init(&g, wgs84_a_m, wgs84_f);
    return g;
  }();
  auto metres = 0.0;
  geod_inverse(&ellipsoid, a.lat, a.lon, b.lat, b.lon, &metres, nullptr, nullptr);
  return metres;
}

double distance_m(geometry const& a, geometry const& b) {
  if (a.is_empty() || b.is_empty()) return std::numeric_limits<double>::infinity();
  if (a.shape() == shape::point && b.shape() == shape::point) return distance_m(a.first(), b.first());
  auto const is_a = a.shape() == shape::collection;
  if (is_a || b.shape() == shape::collection) {
    auto least = std::numeric_limits<double>::infinity();
    for (auto const& m : is_a ? a.members() : b.members()) least = std::min(least, distance_m(m, is_a ? b : a));
    return least;
  }
  auto const scale = plane(a.box().centre());
  auto const x = to_geos(a, &scale);
  auto const y = to_geos(b, &scale);
  return distance_of_nearest_m(GEOSNearestPoints_r(geos().context(), x.get(), y.get()), scale);
}

double distance_degrees(geometry const& a, geometry const& b) {
  auto nearest = std::numeric_limits<double>::infinity();
  if (a.is_empty() || b.is_empty()) return nearest;
  for (auto const* const g : {&a, &b}) {
    if (g->shape() != shape::collection) continue;
    for (auto const& m : g->members()) nearest = std::min(nearest, distance_degrees(m, g == &a ? b : a));
    return nearest;
  }
  auto const left = to_geos(a, degrees), right = to_geos(b, degrees);
  return GEOSDistance_r(geos().context(), left.get(), right.get(), &nearest) == 1 ? nearest : std::numeric_limits<double>::infinity();
}

double length_degrees(geometry const& g) {
  auto sum = 0.0;
  if (g.shape() == shape::collection) {
    for (auto const& m : g.members()) sum += length_degrees(m);
  } else if (g.shape() == shape::line_string || g.shape() == shape::multi_line_string) {
    GEOSLength_r(geos().context(), to_geos(g, degrees).get(), &sum);
  }
  return sum;
}

bool relates(geometry const& a, geometry const& b, std::string const& pattern) {
  auto const is_pattern = pattern.size() == 9 && pattern.find_first_not_of("TF*012tf") == pattern.npos;
  if (!is_pattern || a.is_empty() || b.is_empty() || a.shape() == shape::collection || b.shape() == shape::collection) return false;
  return GEOSRelatePattern_r(geos().context(), to_geos(a, degrees).get(), to_geos(b, degrees).get(), pattern.c_str()) == 1;
}

box expanded(box const& b, double m) {
  if (b.is_empty() || !std::isfinite(m)) return b.is_empty() ? b : whole_world();
  // A degree of latitude is shortest at the equator, one of longitude at the latitude nearest to a pole.
  auto result = b;
  auto const lat = m / (110'574 * 0.9999);
  result.south = std::max(b.south - lat, -90.0);
  result.north = std::min(b.north + lat, 90.0);
  auto const widest = std::max(std::abs(result.south), std::abs(result.north));
  auto const lon = widest >= 89.9 ? 360 : m / (plane({0, widest}).m_per_lon * 0.9999);
  result.west = b.west - lon;
  result.east = b.east + lon;
  if (result.west < -180 || result.east > 180) {
    result.west = -180;
    result.east = 180;
  }
  return result;
}

std::optional<std::string> find_defect(geometry const& g) {
  if (g.shape() == shape::collection) {
    for (auto const& m : g.members()) {
      if (auto defect = find_defect(m)) return defect;
    }
    return {};
  }
  if (g.shape() != shape::polygon && g.shape() != shape::multi_polygon) return {};
  auto* const context = geos().context();
  auto const polygon = to_geos(g, degrees);
  char* reason = nullptr;
  GEOSGeometry* raw_location = nullptr;
  auto const is_valid = GEOSisValidDetail_r(context, polygon.get(), 0, &reason, &raw_location);
  auto const location = geos_shape(raw_location);
  auto text = std::string(reason ? reason : "it cannot be checked");
  GEOSFree_r(context, reason);
  if (is_valid == 1) return {};
  auto x = 0.0;
  auto y = 0.0;
  if (location && GEOSGeomGetX_r(context, location.get(), &x) == 1 &&
      GEOSGeomGetY_r(context, location.get(), &y) == 1) {
    text += " at " + std::to_string(x) + " " + std::to_string(y);
  }
  return text;
}

struct spatial_query::prepared {
  geo::geometry const* geometry;
  plane scale;
  geos_shape shape;               // in degrees; for near in metres
  geos_prepared index;            // of shape
  std::vector<prepared> members;  // of a collection, which has no shape
};

namespace {

using prepared_shape = spatial_query::prepared;

prepared_shape prepare(geometry const& g, bool is_near) {
  auto result = prepared_shape{&g, plane(g.box().centre()), nullptr, nullptr, {}};
  if (g.shape() == shape::collection) {
    for (auto const& m : g.members()) result.members.push_back(prepare(m, is_near));
    return result;
  }
  result.shape = to_geos(g, is_near ? &result.scale : degrees);
  result.index = geos_prepared(GEOSPrepare_r(geos().context(), result.shape.get()));
  return result;
}

double distance_from_m(prepared_shape const& query, geometry const& g) {
  auto least = std::numeric_limits<double>::infinity();
  if (g.shape() == shape::collection) {
    for (auto const& m : g.members()) least = std::min(least, distance_from_m(query, m));
    return least;
  }
  if (!query.shape) {
    for (auto const& m : query.members) least = std::min(least, distance_from_m(m, g));
    return least;
  }
  if (g.shape() == shape::point && query.geometry->shape() == shape::point) {
    return distance_m(query.geometry->first(), g.first());
  }
  auto const tested = to_geos(g, &query.scale);
  return distance_of_nearest_m(GEOSPreparedNearestPoints_r(geos().context(), query.index.get(), tested.get()),
                               query.scale);
}

bool meets(prepared_shape const& query, geometry const& g) {
  if (!query.geometry->box().intersects(g.box())) return false;
  if (g.shape() == shape::collection) {
    return std::any_of(g.members().begin(), g.members().end(), [&](auto const& m) { return meets(query, m); });
  }
  if (!query.shape) {
    return std::any_of(query.members.begin(), query.members.end(), [&](auto const& m) { return meets(m, g); });
  }
  auto const tested = to_geos(g, degrees);
  return GEOSPreparedIntersects_r(geos().context(), query.index.get(), tested.get()) == 1;
}

// A collection on neither side. GEOS answers 2 for what it cannot relate: no match.
bool relates(prepared_shape const& query, relation r, geometry const& g) {
  auto* const context = geos().context();
  auto const* const index = query.index.get();
  auto const tested = to_geos(g, degrees);
  switch (r) {
    case relation::within:
      return GEOSPreparedContains_r(context, index, tested.get()) == 1;
    case relation::contains:
      return GEOSPreparedWithin_r(context, index, tested.get()) == 1;
    case relation::equals:
      return GEOSEquals_r(context, query.shape.get(), tested.get()) == 1;
    case relation::overlaps:
      return GEOSPreparedOverlaps_r(context, index, tested.get()) == 1;
    case relation::crosses:
      return GEOSPreparedCrosses_r(context, index, tested.get()) == 1;
    case relation::touches:
      return GEOSPreparedTouches_r(context, index, tested.get()) == 1;
    default:
      return false;
  }
}

}  // namespace

spatial_query::spatial_query(options o) : question_(std::make_unique<options const>(std::move(o))) {
  auto const& q = *question_;
  require(!q.geometry.is_empty(), fault_kind::invalid, "a spatial query needs a geometry");
  auto const is_near = q.relation == relation::near;
  if (is_near) {
    require(q.min_m >= 0 && q.max_m >= 0, fault_kind::invalid, "a distance is a number of metres from 0 on");
    require(q.min_m > 0 || std::isfinite(q.max_m), fault_kind::invalid,
            "near needs a largest or a smallest distance in metres");
    if (std::isfinite(q.max_m)) box_ = expanded(q.geometry.box(), q.max_m);
  } else if (q.relation != relation::disjoint) {
    box_ = q.geometry.box();
  }
  require(q.geometry.shape() != shape::collection || is_near || q.relation == relation::intersects ||
              q.relation == relation::disjoint,
          fault_kind::not_supported,
          "a GeometryCollection can be asked for near, intersects and disjoint, not for " +
              std::string(to_string(q.relation)));
  prepared_ = std::make_unique<prepared>(prepare(q.geometry, is_near));
}

spatial_query::spatial_query(spatial_query&&) noexcept = default;
spatial_query& spatial_query::operator=(spatial_query&&) noexcept = default;
spatial_query::~spatial_query() = default;

bool spatial_query::is_near(geometry const& g) const {
  auto const& q = *question_;
  constexpr double flat_m = 20'000;
  auto const p = q.geometry.first();
  if (g.shape() == shape::point && q.geometry.shape() == shape::point && q.max_m <= flat_m && std::abs(p.lat) < 75) {
    // On the plane it is wrong by less than a hundredth: only who stands near an edge needs the geodesic.
    auto const about_m = std::hypot((g.first().lon - p.lon) * prepared_->scale.m_per_lon,
                                    (g.first().lat - p.lat) * prepared_->scale.m_per_lat);
    if (about_m < 0.99 * q.max_m && (q.min_m == 0 || about_m > 1.01 * q.min_m)) return true;
    auto const is_straight = std::abs(g.first().lon - p.lon) < 180;
    if (about_m > 1.01 * q.max_m && about_m < 2 * flat_m && is_straight) return false;
  }
  auto const metres = distance_from_m(*prepared_, g);
  return metres >= q.min_m && metres <= q.max_m && std::isfinite(metres);
}

bool spatial_query::matches(geometry const& g) const {
  auto const r = question_->relation;
  if (g.is_empty()) return false;
  if (r == relation::disjoint) return !meets(*prepared_, g);
  if (box_ && !box_->intersects(g.box())) return false;
  if (r == relation::near) return is_near(g);
  if (r == relation::intersects) return meets(*prepared_, g);
  if (g.shape() != shape::collection) return relates(*prepared_, r, g);
  auto const member_does = [&](geometry const& m) { return matches(m); };
  if (r == relation::within) return std::all_of(g.members().begin(), g.members().end(), member_does);
  return r == relation::contains && std::any_of(g.members().begin(), g.members().end(), member_does);
}

}  // namespace dos::geo
