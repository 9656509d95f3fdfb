// What a write did, as those who follow a city are told: one derivation for changes as they come, replayed after a crash, and
// read from the log.
#pragma once

#include <span>
#include <vector>

#include "kernel/city/batch.h"
#include "kernel/city/pending.h"
#include "kernel/events/change.h"

namespace dos {

// `images`: of each entity_changed of the write, in order. `owners` says whose series one is; of one that is gone nothing is
// told.
void append_changes(std::uint64_t position, write_effects const& w, std::span<image_pair const> images,
                    entity_store const& owners, std::vector<change>& out);

}  // namespace dos
