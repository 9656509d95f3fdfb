// The rules of the device register: what may be entered, how a device changes, where it is mounted when. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"
#include "devices/device.h"
#include "devices/device_profile.h"

namespace dos::devices {

struct edit {
  std::string by;  // who
  timestamp at;    // now
};

// {devEui or deviceId, name, profile, state?, source?, joinEui?, provenance?, variables?, calibration?}. Faults: invalid, with
// member, also of one that is not known.
device read_new_device(json::value const& body, edit const& e);

// The members given replace those of the device; the state along the allowed transitions only; what is replaced or
// retired is mounted no longer. A calibration that is dropped stays on record. Faults: invalid, conflict.
void change_device(device& d, json::value const& patch, edit const& e);

// Corrections that were entered at that time are of numbers which the profile gives. Faults: invalid.
void require_calibratable(device const& d, device_profile const& p, timestamp entered_at);

// Mounts it from then on; the mount before ends there. The place where it is now, from an earlier time on, makes that mount
// longer: for messages that came before it was entered. A device that was planned is active from now on. Faults: conflict
// when it was mounted elsewhere at that time.
void mount_device(device& d, device_mount m);

// A time in a body; absent: `otherwise`. Faults: invalid.
timestamp read_time(json::value const& body, std::string_view member, timestamp otherwise);

// "Kita Nord, Raum 3" → "kita-nord-raum-3": for ids that people can read.
std::string slug_of(std::string_view name);

}  // namespace dos::devices
