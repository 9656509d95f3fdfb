// Reads batches of the log once more, at the start, to become state. Inside kernel/city only.
#pragma once

#include "kernel/city/checkpoint.h"
#include "kernel/city/follower.h"
#include "kernel/graph/entity_store.h"
#include "kernel/store/commit_log.h"

namespace dos {

// What the batch did to `entities`, as when it was committed. `numbers` goes on behind what it assigned.
committed_batch replay(store::log_batch const& b, shared_names& names, entity_store const& entities, counters& numbers);

}  // namespace dos
