// Measuring points: the places and things whose values a city follows, whichever device is there at the time.
#pragma once

#include "capability/devices/device_api.h"

namespace dos::devices {

struct list_points {  // GET /measuring-points?q=&limit=&offset= → {items, total}
  void operator()(session s, http::request r, http::reply answer) const;
  tools with_;
};
struct create_point {  // POST /measuring-points {name, type, location, expectedInterval?}
  void operator()(session s, http::request r, http::reply answer) const;
  tools with_;
};

}  // namespace dos::devices
