#include "capability/portal/facts.h"

#include "kernel/city/city.h"

namespace dos::portal {

json::object city_facts(node const& n) {
  auto list = json::array();
  for (auto const& p : n.profiles) list.push_back(p.words);
  auto const demo = !n.cities.empty() && n.cities.front()->record_count("demo") > 0;
  return json::object({{"cities", std::move(list)}, {"demo", demo}, {"version", n.version}});
}

}  // namespace dos::portal
