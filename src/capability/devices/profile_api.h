// Device profiles: those that come with the program, a city's own, and a bench on which a codec is tried.
#pragma once

#include "capability/devices/device_api.h"

namespace dos::devices {

struct list_profiles {  // GET /device-profiles → {items}
  void operator()(session s, http::request r, http::reply answer) const;
  tools with_;
};
struct get_one_profile {  // GET /device-profiles/{id}, with its codec
  void operator()(session s, http::request r, http::reply answer) const;
  tools with_;
};
// POST /device-profiles and PUT /device-profiles/{id}: the members of a device.yaml, and `codec` with the JavaScript. A
// city's own profile may have the id of a built-in one and then stands for it. The codec must compile.
struct save_profile {
  void operator()(session s, http::request r, http::reply answer) const;
  tools with_;
};
struct delete_profile {  // DELETE /device-profiles/{id}; 409 while devices have it
  void operator()(session s, http::request r, http::reply answer) const;
  tools with_;
};
// POST /device-profiles/{id}/try {bytes: hex, or payload: base64, fPort, variables?, profile?, codec?} → {ok, data,
// attributes, warnings, errors, log, reason?, detail?}; `profile` and `codec` stand for those of the path, to try what
// is not saved yet.
struct try_profile {
  void operator()(session s, http::request r, http::reply answer) const;
  tools with_;
};

}  // namespace dos::devices
