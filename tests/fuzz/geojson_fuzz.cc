// GeoJSON of any kind is refused with a fault or comes back the same.
#include <cstdint>
#include <cstdlib>

#include "base/fault.h"
#include "base/json.h"
#include "geo/predicate.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace dos;
  try {
    auto const g = geo::parse_geojson(json::parse({reinterpret_cast<char const*>(data), size}), {.points_max = 1000});
    if (!(geo::parse_geojson(geo::to_json(g)) == g)) std::abort();
    if (!g.box().contains(geo::geometry(g.first()).box())) std::abort();
    g.centroid();
    auto const reachable = geo::spatial_query(
        {.relation = geo::relation::near, .geometry = geo::geometry(geo::position{7.5, 51.5}), .max_m = 1000});
    reachable.matches(g);
    geo::spatial_query({.relation = geo::relation::intersects, .geometry = g}).matches(g);
  } catch (fault const&) {
  }
  return 0;
}
