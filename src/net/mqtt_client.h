// Listens at somebody else's MQTT broker and acknowledges a message only when it is safe with us.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fault.h"
#include "http/url.h"
#include "net/address.h"
#include "net/io_threads.h"
#include "net/mqtt_packet.h"

namespace dos::net {

struct mqtt_client_options {
  http::url broker = {};       // mqtt://user:password@host or mqtts://
  std::string client_id = {};  // the broker keeps what comes while we are away under this name
  mqtt::version version = mqtt::version::v3_1_1;
  std::vector<std::string> topics = {};  // filters, subscribed with quality of service 1
  std::string ca_file = {};              // PEM; empty: those that the system trusts
  std::uint16_t keep_alive_s = 60;
  std::size_t packet_bytes_max = 1024 * 1024;  // a larger one ends the connection
  std::size_t unacknowledged_max = 1'000;      // beyond, nothing is read until some are acknowledged
  std::size_t unsent_max = 10'000;             // messages to publish that wait for the broker
  std::chrono::milliseconds connect_ms_max{15'000};
  std::chrono::milliseconds retry_ms_min{1'000};  // doubles with each failure
  std::chrono::milliseconds retry_ms_max{60'000};
  bool clean_start = false;  // the broker keeps nothing for us
  // More than 0, for who keeps messages elsewhere: one that the broker has not taken after this long, or when the
  // connection ends, fails; one of quality of service 0 waits for a connection.
  std::chrono::milliseconds publish_ms_max{0};
  std::function<bool(ip_address const&)> may_reach = {};  // asked about what was resolved; none: every address
};

struct mqtt_message {
  std::string topic;
  std::string payload;
  bool retained = false;     // was kept by the broker from before
  bool repeated = false;     // the broker sent it before and had no acknowledgement
  std::string content_type;  // version 5, as the next
  std::vector<std::pair<std::string, std::string>> user_properties;
};

struct mqtt_client_state {
  bool connected = false;
  std::chrono::system_clock::time_point since;  // connected or not
  std::string last_error;                       // empty: none so far
  std::uint64_t connections = 0;
  std::uint64_t received = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t published = 0;
};

class mqtt_client {
 public:
  // From any thread, once or never: never means that the broker sends the message again after the next connection. The
  // broker hears acknowledgements in the order of its messages, whatever order they come in here. MQTT 3.1.1, 4.6
  using acknowledge = std::function<void()>;
  // Called on an io thread, in order, must not block. Messages without guarantee (QoS 0) need no acknowledgement; it
  // does nothing then.
  using message_handler = std::function<void(mqtt_message, acknowledge)>;
  using published = std::function<void(std::optional<fault>)>;

  // Connects, and again whenever the connection ends. Faults: invalid for unusable options.
  mqtt_client(io_threads& io, mqtt_client_options options, message_handler on_message);
  ~mqtt_client();  // not from an io thread; nothing is called afterwards

  // Quality of service 0 is done when it is sent, 1 and 2 when the broker has acknowledged it, if need be after a
  // reconnection. Faults: too_many (unsent_max), unavailable (QoS 0 without connection, publish_ms_max, or stopped),
  // invalid topic, forbidden by the broker.
  void publish(mqtt::publish message, published done);

  mqtt_client_state state() const;

  struct core;

 private:
  std::shared_ptr<core> core_;
};

}  // namespace dos::net
