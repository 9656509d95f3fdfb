// One entity out of what several sources say of it. Pure. ETSI GS CIM 009, 4.5.5 and 5.7.1
#pragma once

#include <string_view>
#include <vector>

#include "base/json_ld.h"
#include "kernel/graph/entity.h"

namespace dos::ngsi_ld {

// An entity as another broker sends it (normalized, with system attributes where it has them). Faults: invalid, malformed.
entity parse_remote_entity(json::value const& v, context const& names);

struct entity_part {
  entity_ptr entity;
  bool is_auxiliary = false;  // adds what nobody else has, and no more
  std::string from = "@none";  // the registration it came by
};
// Parts of one entity, our own first. Nothing when none is left that has not expired. Of two instances of an attribute with
// the same datasetId the one observed later counts, else the one modified later, else the first.
entity_ptr merge_parts(std::vector<entity_part> const& parts, timestamp now);

}  // namespace dos::ngsi_ld
