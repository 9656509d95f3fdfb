// A device as the interface shows it: what the register holds, and how its radio fares.
#pragma once

#include "base/terms.h"
#include "devices/device.h"
#include "devices/device_profile.h"
#include "kernel/city/session.h"

namespace dos::devices {

json::object show_device(session const& s, device const& d, device_profile const* p, timestamp now);
// {time, rssi, snr, battery} of the last hundred frames, oldest first.
json::array show_health_history(session const& s, std::string_view device, terms const& words);

}  // namespace dos::devices
