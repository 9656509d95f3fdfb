// The register of devices: what is known about each, whoever keeps it and whoever reads its messages.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/record_collection.h"
#include "base/time.h"
#include "kernel/graph/entity.h"

namespace dos {

// Records by id.
inline constexpr auto device_collection = record_collection{"device", "devices", "id"};
// Records {name, type} of the entities that devices give their values to; the values themselves are the entity's.
inline constexpr auto measuring_point_collection = record_collection{"measuring_point", "devices", "id of the entity"};

enum class device_state { planned, active, maintenance, replaced, retired };
std::string_view to_text(device_state s);
device_state parse_device_state(std::string_view text);  // faults: invalid with the list
// planned → active → maintenance ⇄ active → replaced → planned again; retired is the end.
bool may_change(device_state from, device_state to);

// The device gives its values to this entity, half open in time.
struct device_mount {
  std::string measuring_point;
  timestamp from;
  timestamp to = no_time;  // no_time: until further notice

  bool holds_at(timestamp t) const { return from <= t && (to == no_time || t < to); }
};

// From `date` on, value × factor + offset is what counts.
struct device_calibration {
  timestamp date;
  std::string attribute;  // term; empty: a note without correction
  double factor = 1;
  double offset = 0;
  std::string note;
  std::string by;          // who entered it
  timestamp at = no_time;  // when
};

struct device {
  // The key: its DevEUI, 16 hex digits in lower case – or, of a device that its network server knows without one, what
  // that calls it (The Things Stack: device_id).
  std::string id = {};
  std::string name = {};
  std::string profile = {};
  device_state state = device_state::planned;
  std::string source = {};    // which webhook or client it is expected from; for information
  std::string join_eui = {};  // may be empty
  dos::provenance provenance = dos::provenance::measured;
  json::value variables = json::object();  // that its codec wants to know: {height_mm: 1200}
  std::vector<device_mount> mounts = {};   // in order of time
  std::vector<device_calibration> calibrations = {};
  std::vector<device_calibration> calibrations_removed = {};  // kept, so that old values can be explained
  timestamp created_at = no_time;

  device_mount const* mount_at(timestamp t) const;
  // The latest correction of that attribute, if any.
  device_calibration const* calibration_at(std::string_view attribute, timestamp t) const;
};

json::value to_json(device const& d);
// Of a stored record.
device read_device(json::value const& record);

json::value to_json(device_mount const& m);
json::value to_json(device_calibration const& c);

std::string device_entity_id(std::string_view id);  // "urn:ngsi-ld:Device:0011223344556677"

// A DevEUI or JoinEUI as people write it (either case, with '-', ':' or blanks) as 16 lower-case hex digits.
std::optional<std::string> parse_eui(std::string_view text);
// A DevEUI, or a name as network servers give them: lower-case letters, digits and single '-', 3 to 36 of them.
std::optional<std::string> parse_device_id(std::string_view text);
// In a path: also the id of its entity. Faults: not_found.
std::string device_id_in_path(std::string_view given);
// The member of a device's record and messages that holds its id: devEui or deviceId.
std::string_view id_member(std::string_view id);

// What is not understood must not be taken for stored. `known` begins with the members that are worth naming. Faults:
// invalid, with the member.
void require_known_members(json::value const& body, std::string const& what,
                           std::initializer_list<std::string_view> known);

}  // namespace dos
