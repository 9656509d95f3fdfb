// Reading by entity maps: making them and walking along them, page by page. ETSI GS CIM 009, 5.5.9.3, 5.5.14, 5.14.4, 5.14.5
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "standard/ngsi_ld/entity_maps/entity_map.h"
#include "standard/ngsi_ld/federation/distributed.h"

namespace dos::ngsi_ld {

// What a request says about entity maps: entityMap=true, entityMapLifetime and the header NGSILD-EntityMap. Faults: invalid.
struct map_wish {
  bool is_asked_for = false;
  std::optional<entity_map> known;  // the one referred to, while it lives
  std::int64_t lifetime_us = entity_map_lifetime_us;
  warnings ended;                   // said of one that is referred to and lives no more

  bool is_any() const { return is_asked_for || known.has_value(); }
};
map_wish read_map_wish(call const& c);

std::string question_of(call const& c);  // what selects entities in a request, but for ids
// Faults: invalid when another question is asked than the one the map was made by. 5.5.14
void require_same_question(call const& c, entity_map const& m);
entity_map make_map(call const& c, map_wish const& wish, std::vector<entity_map::entry> entries);
std::string map_address(call const& c, entity_map const& m);
std::vector<std::string> sources_in(entity_map const& m, std::string_view id);  // "@none" among them, or nothing when it is not there
json::object show_map(entity_map const& m);
http::response respond_with_map(call const& c, entity_map const& m, warnings const& missing);  // 201

// A page out of the map referred to, else of everything that matches, for which a map is made.
void query_mapped(call_ptr const& c, map_wish wish, query::query const& q, page_rules const& p, std::function<void(found_page)> then);
// All that matches, here and at sources. Faults: forbidden when these are more than a map holds.
void make_map_of(call_ptr const& c, map_wish wish, query::query const& q, std::function<void(entity_map, found_page)> then);

}  // namespace dos::ngsi_ld
