// The register's interface: devices, one by one, by table, and where they are mounted.
#pragma once

#include <memory>

#include "base/terms.h"
#include "contract/contract.h"
#include "contract/device_profile.h"

namespace dos::devices {

// What every endpoint of the register needs.
struct register_tools {
  register_tools(dos::clock const& c, std::map<std::string, profile_ptr> built_in, terms w)
      : clock(c), profiles(std::move(built_in)), words(std::move(w)) {}

  dos::clock const& clock;
  device_profiles profiles;
  terms words;
};
using tools = std::shared_ptr<register_tools const>;

// A path may name a device by DevEUI (any spelling) or by its entity's id.

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
struct import_devices {  // POST /devices/import?preview=true, text/csv → {rows, accepted, rejected}
  void operator()(session s, http::request r, http::reply answer) const;
  tools with_;
};

}  // namespace dos::devices
