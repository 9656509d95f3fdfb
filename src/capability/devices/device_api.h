// The register's interface: devices, one by one, by table, and where they are mounted.
#pragma once

#include <memory>

#include "capability/devices/city_box.h"
#include "capability/devices/register_writes.h"
#include "contract/city_names.h"
#include "contract/contract.h"
#include "devices/device_profile.h"

namespace dos::devices {

// What every endpoint of the register needs.
struct register_tools {
  register_tools(node const& n, std::map<std::string, city_box> b)
      : clock(n.clock), profiles(n), names(n), boxes(std::move(b)) {}

  terms const& words(session const& s) const { return names.of(s.city()); }

  dos::clock const& clock;
  device_profiles profiles;
  city_names names;
  std::map<std::string, city_box> boxes;  // by city; those that say where they are
};
using tools = std::shared_ptr<register_tools const>;

// Faults: conflict, with the question, when the point lies outside the city and nobody said that this is meant.
void require_in_city(tools const& with, session const& s, new_point const& p);

// A path may name a device by DevEUI (any spelling) or name, or by its entity's id.

struct list_devices {  // GET /devices?q=&state=&profile=&limit=&offset= → {items, total}; by name
  void operator()(session s, http::request r, http::reply answer) const;
  tools with_;
};
struct get_one_device {  // GET /devices/{id}, with the history of its radio health
  void operator()(session s, http::request r, http::reply answer) const;
  tools with_;
};
struct create_device {  // POST /devices; may say measuringPoint or measuringPointNew and from, too
  void operator()(session s, http::request r, http::reply answer) const;
  tools with_;
};
struct patch_device {  // PATCH /devices/{id}
  void operator()(session s, http::request r, http::reply answer) const;
  tools with_;
};
struct delete_device {  // DELETE /devices/{id}
  void operator()(session s, http::request r, http::reply answer) const;
};
struct create_mount {  // POST /devices/{id}/mounts {measuringPoint | measuringPointNew, from?, to?} → the device
  void operator()(session s, http::request r, http::reply answer) const;
  tools with_;
};
struct import_devices {  // POST /devices/import?preview=true&outsideCity=true, text/csv → {rows, accepted, rejected}
  void operator()(session s, http::request r, http::reply answer) const;
  tools with_;
};

}  // namespace dos::devices
