// Sends messages to brokers that users named, on one connection a broker. Guards our own network like http_client.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/mqtt_client.h"

namespace dos::net {

struct mqtt_publisher_options {
  bool allow_private_addresses = false;  // or these ranges only
  std::vector<std::string> allowed_ranges = {};
  std::string ca_file = {};  // PEM; empty: those that the system trusts
  std::size_t brokers_max = 500;
  std::chrono::milliseconds publish_ms_max{10'000};
  std::chrono::milliseconds idle_ms_max{60'000};  // an unused connection is kept so long, a broken one retried
};

class mqtt_publisher {
 public:
  mqtt_publisher(io_threads& io, mqtt_publisher_options options);
  ~mqtt_publisher();  // not from an io thread

  // Any thread. `done` is called once, without a fault when the message is sent (quality of service 0) or taken by the
  // broker (1, 2). Faults: those of mqtt_client, and too_many beyond brokers_max.
  void publish(http::url const& broker, mqtt::version v, mqtt::publish message, mqtt_client::published done);
  // Ends the connections that nobody used for a while. Not from an io thread.
  void close_idle();

 private:
  struct core;
  std::unique_ptr<core> core_;
};

}  // namespace dos::net
