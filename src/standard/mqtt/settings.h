// What the operator decides about the listener: the key `mqtt` of the configuration.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "kernel/access/principal.h"
#include "net/mqtt_server.h"

namespace dos::broker {

struct settings {
  net::mqtt_server_options server;
  role anonymous = role::anonymous;            // of clients without a token, if that is more than it would be
  std::vector<std::string> publish_only = {};  // filters; only administrators hear what comes there
  std::uint16_t keep_alive_s_max = 0;          // of version 5; 0: as long as the client likes
  std::uint16_t receive_max = 1'000;           // messages of a client that wait for their acknowledgement
  std::uint16_t in_flight_max = 1'000;         // messages to a client that wait for its acknowledgement
  std::int64_t session_s_max = 30 * 86'400;    // how long a session outlives its connection
  std::size_t sessions_max = 10'000;           // of a city; of one token, or address without one: half
  std::size_t sessions_without_token_max() const { return sessions_max / 2; }
  std::size_t subscriptions_max = 1'000;       // of a session
  std::size_t topic_levels_max = 32;           // of topics and filters
  std::size_t topic_bytes_max = 2'048;         //
  std::size_t client_id_bytes_max = 256;       //
  std::size_t queue_messages_max = 100'000;    // waiting for one session
  std::size_t queue_bytes_max = 64 << 20;      // of their payloads
  std::size_t retained_max = 100'000;          // topics of a city
  std::size_t retained_bytes_max = 64 << 20;   // of their messages
  std::size_t messages_bytes_max = 256 << 20;  // of all that a city's sessions wait for and retain; of one owner: a quarter
  std::size_t pending_bytes_max = 4 << 20;     // of a client's messages that wait for their commit; beyond, it is not read
  std::size_t will_bytes_max = 64 << 10;       //
  std::size_t filters_bytes_max = 256 << 10;   // of the subscriptions of a session
  std::size_t unsent_bytes_max = 1 << 20;      // of a connection; beyond, its messages wait in the queue
};

// Faults: invalid, naming the key.
settings read_settings(json::value const& configuration);

}  // namespace dos::broker
