// An observation as a client gives it, read before it meets its datastream.
#pragma once

#include "base/json.h"
#include "kernel/history/observation.h"

namespace dos::sensorthings {

struct observation_draft {
  dos::observation observation;
  bool has_time = false;  // else the moment of the write
  bool has_result = false;
  json::value feature;  // reference or body; null: none
};

// Faults: invalid, naming the member.
observation_draft read_observation(json::value const& body);
// One member of it; false when it is none of an observation's properties.
bool read_member(observation_draft& d, std::string_view name, json::value const& v);

}  // namespace dos::sensorthings
