// The evolution of entities at context sources. ETSI GS CIM 009, 4.5.5, 5.7.3, 5.7.4
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "standard/ngsi_ld/federation/distributed.h"
#include "standard/ngsi_ld/temporal/evolution.h"

namespace dos::ngsi_ld {

inline constexpr std::size_t evolutions_of_source_max = 1'000;  // entities
inline constexpr std::size_t merged_instances_max = 200'000;    // of a series that is put together to be aggregated

struct remote_evolutions {
  std::map<std::string, entity_evolution, std::less<>> by_id;  // instances of all sources, in no order
  std::map<std::string, std::vector<std::string>, std::less<>> held_by;  // registrations
  warnings missing;

  entity_evolution const* find(std::string_view id) const;
};

// With an id it is retrieved, else queried. Without a source to ask `then` is called at once.
void ask_for_evolutions(call_ptr const& c, std::vector<subject> const& about, std::string_view id, temporal_query const& when,
                        std::function<void(remote_evolutions)> then);

// Theirs added to ours where ours has no instance of that time; what `p` shows, in order, at most `instances_max` + 1 of a series.
void merge_evolution(entity_evolution& ours, entity_evolution const& theirs, temporal_query const& when, projection const& p, std::size_t instances_max);

}  // namespace dos::ngsi_ld
