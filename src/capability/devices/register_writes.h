// Changes of the register as writes: the record, and the entities that show it to every standard.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "base/terms.h"
#include "devices/device.h"
#include "devices/device_profile.h"
#include "kernel/city/session.h"

namespace dos::devices {

struct new_point {
  std::string name;
  std::string type;      // term
  json::value location;  // GeoJSON point, or null
  std::optional<double> interval_s;
  bool may_lie_outside = false;  // of the city: somebody was asked
};
// {name, location: {type: "Point", coordinates}, type?, outsideCity?}. Faults: invalid.
new_point read_new_point(json::value const& body, std::string_view usual_type);

// All within a write. Faults: conflict, not_found.
device get_device(transaction const& t, std::string_view id);
void put_device(transaction& t, device const& d, terms const& words);  // record and Device entity
void remove_device(transaction& t, std::string_view id);          // what it measured stays
// Answers the id. A point of the same type, name and place is the same point.
std::string put_point(transaction& t, new_point const& p, terms const& words);
// Any entity can become a measuring point. Faults: not_found.
void use_as_point(transaction& t, std::string const& id, device const& d, device_profile const& p, terms const& words);

}  // namespace dos::devices
