// Values of the past, written into the history of entities that are there.
#pragma once

#include <string>
#include <vector>

#include "base/symbol.h"
#include "base/time.h"
#include "kernel/city/session.h"

namespace dos::demo {

struct past_value {
  symbol attribute;
  symbol unit;
  timestamp time;
  json::value value;
};

// The latest time that any of its attributes was observed at, or `otherwise`.
timestamp last_observed(session const& s, std::string const& entity, timestamp otherwise);

// In the order of time. The latest of each attribute becomes the entity's state, so that an interrupted load goes on
// where it ended. Waits; nothing happens when the entity is gone.
void write_past(session const& s, std::string const& entity, std::vector<past_value> const& values, provenance p);

}  // namespace dos::demo
