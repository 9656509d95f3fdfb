// What the operations on an entity do to it: pure, over copies of what is stored. ETSI GS CIM 009, 5.6
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kernel/city/session.h"
#include "linked_data/fragment.h"

namespace dos::linked_data {

// ETSI GS CIM 009, 5.2.18
struct update_result {
  std::vector<symbol> updated;
  std::vector<std::pair<symbol, std::string>> not_updated;  // with the reason
};

// The name under which a scope appears in an update result.
symbol scope_name();

// 5.6.3: new instances come in, those there are overwritten unless told not to; types are added.
update_result append(entity& e, entity_fragment f, bool overwrites);
// 5.6.2: those there are replaced, new ones come in; a scope only where there was one.
update_result update(entity& e, entity_fragment f);

struct merge_options {
  timestamp observed_at = no_time;  // of what changes, where the fragment says nothing and there was one
  std::string language;             // in which a simplified text goes into a LanguageProperty
};
// 5.6.17. Faults: invalid.
void merge(entity& e, entity_fragment f, merge_options const& o = {});

// Puts the entity. Its scopes become history like values do (4.5.6); one whose time is over leaves at once (4.22).
void store_entity(transaction& t, entity e);
// One instance in the history of scopes, valid from `at` on; none: they were removed.
void observe_scopes(transaction& t, std::string_view id, std::vector<symbol> const& scopes, timestamp at);
// When the entity ends; no_time: never.
timestamp end_of(entity const& e);

// The entity as it is now, to be changed and put. Faults: not_found.
entity copy_of(transaction const& t, std::string_view id);
// Faults: conflict when an entity with this id is alive. 5.6.1
void create(transaction& t, entity e);
// Faults: not_found. 5.6.18
void replace(transaction& t, entity e);

}  // namespace dos::linked_data
