#include "standard/sensorthings/mounts.h"

#include "devices/device.h"
#include "kernel/city/city.h"

namespace dos::sensorthings {

std::string mounts::device_at(session const& own, std::string_view measuring_point, timestamp now) const {
  return find(own, measuring_point, false, now);
}

std::string mounts::point_of(session const& own, std::string_view device, timestamp now) const {
  return find(own, device, true, now);
}

std::string mounts::find(session const& own, std::string_view id, bool is_device, timestamp now) const {
  constexpr auto age_max = std::chrono::seconds(5);
  if (own.record_count(device_collection) == 0) return {};
  auto const lock = std::lock_guard(mutex_);
  auto& known = cities_[own.city().id()];
  if (auto const at = std::chrono::steady_clock::now(); at - known.at > age_max) {
    known = {{}, {}, at};
    own.for_each_record(device_collection, {}, [&](std::string_view, record_ptr const& r) {
      auto const d = read_device(*r);
      if (auto const* const m = d.mount_at(now)) {
        known.devices[m->measuring_point] = device_entity_id(d.id);
        known.points[device_entity_id(d.id)] = m->measuring_point;
      }
      return true;
    });
  }
  auto const& from = is_device ? known.points : known.devices;
  auto const it = from.find(std::string(id));
  return it == from.end() ? std::string() : it->second;
}

}  // namespace dos::sensorthings
