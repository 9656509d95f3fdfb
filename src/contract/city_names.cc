#include "contract/city_names.h"

#include "kernel/city/city.h"

namespace dos {

city_names::city_names(node const& n) : others_(load_terms(n.default_context_file(""))) {
  for (auto const& p : n.profiles) by_city_.emplace(p.id, load_terms(n.default_context_file(p.id)));
}

terms const& city_names::of(city const& c) const {
  auto const found = by_city_.find(c.id());
  return found == by_city_.end() ? others_ : found->second;
}

}  // namespace dos
