// Operations on what is here and at context sources together; with no registration each is the local one and costs nothing
// more. ETSI GS CIM 009, 4.3.6 and 6.3.17
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "standard/ngsi_ld/call.h"
#include "standard/ngsi_ld/entities/entity_query.h"
#include "standard/ngsi_ld/federation/context_source.h"

namespace dos::ngsi_ld {

// Whether names in a request may be those of a source, which nobody here has used yet.
bool has_sources(call const& c);

using warnings = std::vector<std::string>;  // NGSILD-Warning
void add_warnings(warnings const& w, http::response& r);
// About our own part of an answer; plain letters.
std::string warning_of_ours(call const& c, std::string_view text);
// Values whose time was not believed are history and not current: who wrote them is told.
void warn_of_what_was_set_aside(call const& c, outcome const& o, http::response& r);

// 5.7.1: nothing when nobody has it.
struct found_entity {
  entity_ptr entity;
  warnings missing;
  std::vector<std::string> held_by;  // registrations, and "@none" for us
};
void find_everywhere(call_ptr const& c, std::string_view id, std::function<void(found_entity)> then);

// 5.7.2. What comes from sources, alone or together with ours, stands first, in the order of ids. Faults: invalid.
struct found_page {
  std::vector<entity_ptr> entities;
  bool has_more = false;
  std::size_t total = 0;  // when asked for
  warnings missing;
  std::map<std::string, std::vector<std::string>, std::less<>> held_by;  // by id: registrations, and "@none" for us; absent: us alone
  std::string map;          // address of the entity map in use
  bool map_is_new = false;
};
void query_everywhere(call_ptr const& c, query::query const& q, page_rules const& p, std::function<void(found_page)> then);

// A handler that changes one entity, or entities that fit a question, for both: sources get their part, the local handler the
// rest. 5.6
std::function<void(call_ptr)> distributed(source_op o, std::function<void(call_ptr)> local);
// 5.6.7 to 5.6.10 and 5.6.20. `single` is used where a source does not offer the batch; the whole call may wait.
std::function<void(call_ptr)> distributed_batch(source_op o, std::function<void(call_ptr)> local);

// 5.9.2: exclusive and redirect registrations meet neither data of ours nor each other. Faults: conflict, invalid.
void require_no_conflict(session const& who, federation& known, json::value const& body);

}  // namespace dos::ngsi_ld
