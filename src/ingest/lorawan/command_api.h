// Commands of devices, for staff: what is to be sent, what became of it.
#pragma once

#include <memory>

#include "contract/contract.h"
#include "devices/device_profile.h"
#include "ingest/lorawan/decoder.h"
#include "ingest/lorawan/downlinks.h"

namespace dos::lorawan {

struct command_tools {
  dos::clock const& clock;
  device_profiles const& profiles;
  decoder& codecs;
  downlinks const& ways;
};
using command_tools_ptr = std::shared_ptr<command_tools const>;

struct list_commands {  // GET /devices/{id}/commands → {items, total}, newest first
  void operator()(session s, http::request r, http::reply answer) const;
};
struct get_command {  // GET /devices/{id}/commands/{command}
  void operator()(session s, http::request r, http::reply answer) const;
};
// POST /devices/{id}/commands {data | bytes | payload, fPort?, confirmed?, validFor_s?, id?} → 201, durable and queued
struct create_command {
  void operator()(session s, http::request r, http::reply answer) const;
  command_tools_ptr with_;
};
struct cancel_command {  // DELETE /devices/{id}/commands/{command}, as long as it waits here
  void operator()(session s, http::request r, http::reply answer) const;
};

}  // namespace dos::lorawan
