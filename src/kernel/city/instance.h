// An attribute as one observation of its series, and back: what history keeps of an attribute.
#pragma once

#include "kernel/graph/entity.h"
#include "kernel/graph/entity_store.h"
#include "kernel/history/observation.h"

namespace dos {

// Time is observed_at, else modified_at. The number is the caller's.
observation to_observation(attribute const& a, observation_number number);
// The trace of an attribute that was removed at `at`.
observation to_deletion(timestamp at, observation_number number);

// modified_at and created_at are those of the instance; observed_at is set when the observation has one of its own.
attribute to_attribute(series_ref const& series, observation const& o);

}  // namespace dos
