#include "linked_data/geo_query.h"

#include <memory>
#include <string>

#include "base/fault.h"
#include "base/text.h"
#include "geo/predicate.h"
#include "linked_data/refusal.h"

namespace dos::linked_data {

query::node_ptr parse_geo_query(geo_query const& g, naming const& n) {
  auto const refuse = [](std::string detail, std::string_view member) { linked_data::refuse(std::move(detail), member, "4.10"); };
  auto const parts = text::split(g.georel, ';');
  auto const relation = geo::parse_relation(parts[0]);
  if (!relation || *relation == geo::relation::crosses || *relation == geo::relation::touches) {
    refuse("georel is near, within, contains, intersects, equals, disjoint or overlaps", "georel");
  }
  auto options = geo::spatial_query::options{.relation = *relation, .geometry = {}};
  if (*relation == geo::relation::near) {
    auto const modifier = parts.size() == 2 ? parts[1] : std::string_view();
    auto const sign = modifier.find("==");
    auto const distance = sign == std::string_view::npos ? std::nullopt : text::to_double(modifier.substr(sign + 2));
    if (!distance || !(*distance > 0) || *distance > 1e9) refuse("near wants ;maxDistance==METRES or ;minDistance==METRES", "georel");
    if (modifier.starts_with("maxDistance=")) {
      options.max_m = *distance;
    } else if (modifier.starts_with("minDistance=")) {
      options.min_m = *distance;
    } else {
      refuse("near wants ;maxDistance==METRES or ;minDistance==METRES", "georel");
    }
  } else if (parts.size() != 1) {
    refuse("only near has a distance", "georel");
  }
  if (!g.coordinates.is_array()) refuse("coordinates is a JSON array as in GeoJSON", "coordinates");
  try {
    options.geometry = geo::parse_geojson(json::object{{"type", g.geometry}, {"coordinates", g.coordinates}},
                                          {.crs = nullptr, .refuses_self_intersection = false});
  } catch (fault const& f) {
    refuse(f.detail, f.member.starts_with("type") ? "geometry" : "coordinates");
  }
  auto const attribute = read_as("geoproperty", "4.10", [&] { return n(g.geoproperty.empty() ? "location" : g.geoproperty); });
  if (!attribute) return query::any({});
  return query::spatial(attribute, std::make_shared<geo::spatial_query const>(std::move(options)));
}

}  // namespace dos::linked_data
