#include "capability/devices/devices.h"

#include "capability/devices/device_api.h"
#include "capability/devices/point_api.h"
#include "capability/devices/profile_api.h"

namespace dos::devices {

offer offer_devices(node const& n) {
  auto const with = std::make_shared<register_tools const>(n, read_city_boxes(n.profiles));
  auto const quick = thread_use::quick, slow = thread_use::slow;
  auto const base = std::string("/platform/v1/");
  auto o = offer();
  o.name = "devices";
  o.city_routes = {
      {"GET", base + "devices", need::reader, list_devices{with}, slow},
      {"POST", base + "devices", need::editor, create_device{with}, quick},
      {"POST", base + "devices/import", need::editor, import_devices{with}, slow, false, largest_body},
      {"GET", base + "devices/{id}", need::reader, get_one_device{with}, slow},
      {"PATCH", base + "devices/{id}", need::editor, patch_device{with}, quick},
      {"DELETE", base + "devices/{id}", need::editor, delete_device{}, quick},
      {"POST", base + "devices/{id}/mounts", need::editor, create_mount{with}, quick},
      {"GET", base + "device-profiles", need::reader, list_profiles{with}, slow},
      {"POST", base + "device-profiles", need::editor, save_profile{with}, slow},
      {"GET", base + "device-profiles/{id}", need::reader, get_one_profile{with}, slow},
      {"PUT", base + "device-profiles/{id}", need::editor, save_profile{with}, slow},
      {"DELETE", base + "device-profiles/{id}", need::editor, delete_profile{with}, slow},
      {"POST", base + "device-profiles/{id}/try", need::editor, try_profile{with}, slow},
      {"GET", base + "measuring-points", need::reader, list_points{with}, slow},
      {"POST", base + "measuring-points", need::editor, create_point{with}, quick},
  };
  return o;
}

}  // namespace dos::devices
