// Queries by chance, for property tests; see random_entity.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "geo/predicate.h"
#include "kernel/graph/pattern.h"
#include "kernel/graph/query.h"
#include "kernel/graph/random_entity.h"

namespace dos {

inline auto const location = symbol("https://uri.etsi.org/ngsi-ld/location");

inline query::path value_path(symbol attribute) {
  auto p = query::path();
  p.attribute = attribute;
  return p;
}

inline std::shared_ptr<geo::spatial_query const> around(double lon, double lat, double max_m) {
  auto o = geo::spatial_query::options();
  o.relation = geo::relation::near;
  o.geometry = geo::geometry(geo::position{lon, lat});
  o.max_m = max_m;
  return std::make_shared<geo::spatial_query const>(std::move(o));
}

inline std::vector<std::string> ids_of(std::vector<entity_ptr> const& entities) {
  auto ids = std::vector<std::string>();
  for (auto const& e : entities) ids.push_back(e->id);
  return ids;
}

inline query::node_ptr random_condition(random_world& world, int depth = 0) {
  auto const member_path = [&] {
    auto p = value_path(world.name());
    p.trail = {world.chance(90) ? "m1" : "@value"};
    return p;
  };
  auto id_path = query::path();
  id_path.what = query::path::field::id;
  switch (world.below(depth < 2 ? 12 : 9)) {
    case 0: return query::spatial(location, around(7.3 + double(world.below(4000)) / 1e4, 51.5, double(world.below(20'000))));
    case 1: return query::text({world.chance(50) ? "haus" : "7"});
    case 2: return query::exists(value_path(world.name()));
    case 3:
      return query::compare(value_path(world.name()), query::relation::equal,
                            query::range{std::int64_t(world.below(5)), double(world.below(10))});
    case 4:
      return query::compare(value_path(world.name()), query::relation::equal,
                            std::vector<std::variant<json::value, query::range>>{world.scalar(), query::range{2, 3}});
    case 5:
    case 6: return query::compare(value_path(world.name()), query::relation(world.below(6)), world.scalar());
    case 7: return query::compare(member_path(), query::relation(world.below(6)), world.scalar());
    case 8: return query::compare(id_path, query::relation::equal, world.id());
    case 9: return query::all({random_condition(world, depth + 1), random_condition(world, depth + 1)});
    case 10: return query::any({random_condition(world, depth + 1), random_condition(world, depth + 1)});
    default: return query::none(random_condition(world, depth + 1));
  }
}

inline query::query random_query(random_world& world) {
  auto q = query::query();
  for (auto n = world.below(3); n > 0; --n) {
    auto s = query::selector();
    if (world.chance(10)) s.ids = {world.id(), world.id(), world.id()};
    if (world.chance(5)) s.id_pattern = query::make_pattern("1$");
    if (world.chance(80)) s.types.push_back({world.type()});
    if (world.chance(30)) s.types.push_back({world.type(), world.type()});
    q.selectors.push_back(std::move(s));
  }
  if (world.chance(10)) q.attributes = {world.name(), world.name()};
  if (world.chance(10)) q.scopes = {"/a/+"};
  if (world.chance(85)) q.filter = random_condition(world);
  q.with_deleted = world.chance(15);
  q.limit = 1'000'000;
  q.count = true;
  return q;
}

}  // namespace dos
