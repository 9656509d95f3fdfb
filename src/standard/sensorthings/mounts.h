// Which device gives a measuring point its values now, by the register of devices; looked up again every few seconds.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "kernel/city/session.h"

namespace dos::sensorthings {

class mounts {
 public:
  // The id of the entity of the device; empty when none is mounted there.
  std::string device_at(session const& own, std::string_view measuring_point, timestamp now) const;
  // The other way.
  std::string point_of(session const& own, std::string_view device, timestamp now) const;

 private:
  std::string find(session const& own, std::string_view id, bool is_device, timestamp now) const;

  using table = std::unordered_map<std::string, std::string>;
  struct look {
    table devices, points;
    std::chrono::steady_clock::time_point at;
  };
  mutable std::mutex mutex_;
  mutable std::map<std::string, look> cities_;
};

}  // namespace dos::sensorthings
