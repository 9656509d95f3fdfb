// A message between clients, and its stored form.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/json.h"
#include "base/time.h"
#include "net/mqtt_packet.h"

namespace dos::broker {

struct message {
  std::string topic = {};
  std::string payload = {};
  std::uint8_t qos = 0;
  bool retain = false;
  net::mqtt::properties properties = {};  // those that travel with a message. MQTT 5.0, 3.3.2.3
  timestamp expires = timestamp_max;
  std::string from = {};  // the client that published it
};
using message_ptr = std::shared_ptr<message const>;

// Of a PUBLISH or a will that came at `now`.
message make_message(net::mqtt::publish p, std::string from, timestamp now);
// As it is sent: what is left of its life is counted at `now`. MQTT 5.0, 3.3.2.3.3
net::mqtt::publish to_packet(message const& m, timestamp now);

json::value to_json(message const& m);
message read_message(json::value const& record);

}  // namespace dos::broker
