// From a decoded payload to attributes, by the rules of a device's profile. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "devices/device.h"
#include "devices/device_profile.h"

namespace dos {

// What the mapping makes of a decoded message.
struct mapped_value {
  attribute_rule const* rule = nullptr;
  json::value value = {};
  timestamp at = no_time;
  std::size_t entry = 0;  // 0: of the message itself; from 1 on: of a measurement with a time of its own, in their order
};
// What could not be made of it, for staff.
struct unmapped_value {
  std::string attribute = {};  // empty: the whole entry
  std::size_t entry = 0;
  std::string detail = {};
};
struct mapped_payload {
  std::vector<mapped_value> values;
  std::vector<unmapped_value> problems;
};

struct message_time {
  timestamp at;      // of what has no time of its own
  timestamp latest;  // a time of its own beyond is not believed; nor is one before there was LoRaWAN
};

// Applies the rules, then the device's calibration of that time. `decoded` is an object, or a list of measurements,
// each with its own `time` if it has one (The Things Stack's normalized payload). Absent and null values are left out, as
// is a battery level that means none. A value of a wrong type, one not among those known, or a time that can't be is a
// problem of its own. Faults: invalid, when no value is left.
mapped_payload map_payload(device_profile const& p, json::value const& decoded, device const& d, message_time when);

// The moment a decoded time means: ISO 8601, or seconds or milliseconds since 1970; nothing when it is none.
std::optional<timestamp> moment_of(json::value const& time);

}  // namespace dos
