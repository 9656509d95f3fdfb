// Reads batches of the log once more: at the start, to become state, and later, for who missed the changes when they
// came. Inside kernel/session only.
#pragma once

#include <vector>

#include "kernel/events/change.h"
#include "kernel/graph/entity_store.h"
#include "kernel/session/checkpoint.h"
#include "kernel/session/follower.h"
#include "kernel/store/commit_log.h"

namespace dos {

// What the batch did to `entities`, as when it was committed. `numbers` goes on behind what it assigned.
committed_batch replay(store::log_batch const& b, shared_names& names, entity_store const& entities, counters& numbers);

// What a batch changed that has become state since: what a write set is as it set it, the rest of an entity as it is
// today.
void add_changes(store::log_batch const& b, shared_names& names, entity_store const& entities,
                 std::vector<entity_change>& out);

}  // namespace dos
