// What the broker knows of a client, connected or not. MQTT 5.0, 4.1
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contract/topics.h"
#include "standard/mqtt/message.h"

namespace dos::broker {

class client;

struct subscription {
  std::string filter = {};  // as the client gave it
  std::uint8_t qos = 0;
  bool no_local = false;
  bool retain_as_published = false;
  std::uint32_t identifier = 0;
  // Of a module's topics: what it tells of has been passed on up to this position.
  topic_space const* space = nullptr;
  std::optional<std::uint64_t> position = {};
  std::shared_ptr<void> handle = {};
};

// A message in the store, as long as somebody is to get it.
struct stored_message {
  std::string number;
  std::size_t open = 0;  // deliveries
};

struct delivery {
  message_ptr what;
  std::shared_ptr<stored_message> stored = {};  // none: not durable
  std::uint8_t qos = 0;
  bool retain = false;
  std::vector<std::uint32_t> identifiers = {};
  // received: PUBREC has come, and is being noted; released: it is, and the message is never sent again.
  enum class stage : std::uint8_t { waiting, sent, received, released } state = stage::waiting;
  bool repeated = false;
};

struct will {
  message what;
  std::int64_t delay_s = 0;
};

// Quality of service 2 from the client: until PUBREL.
enum class reception : std::uint8_t { pending, done };

struct client_session {
  std::string id;         // as it is stored, see session_id()
  std::string client_id;  // the client's own name for itself
  principal owner;        // as of the last connection
  bool has_token = true;
  bool is_stored = false;     // as a lasting session is, and any that has a will
  std::int64_t expiry_s = 0;  // 0: ends with the connection
  std::map<std::string, std::shared_ptr<subscription>> subscriptions;
  std::optional<will> last_will;
  timestamp expires = timestamp_max;  // not connected
  timestamp will_due = timestamp_max;

  // By number; numbers make packet identifiers, so that a message keeps its own over a restart.
  std::map<std::uint64_t, delivery> queue;
  std::deque<std::uint64_t> waiting;
  std::map<std::uint16_t, std::uint64_t> in_flight;
  std::map<std::uint16_t, reception> received;
  std::uint64_t next_number = 1;
  std::size_t coming = 0;  // deliveries that are being stored
  std::size_t bytes = 0;   // of payloads in the queue
  std::uint64_t overflowed = 0;

  std::shared_ptr<client> connected;
  bool dropped = false;

  bool is_lasting() const { return expiry_s > 0; }
};

// Identifiers of clients are each principal's own: nobody takes another's session by calling itself like him.
std::string session_id(principal const& owner, bool has_token, std::string_view client);

inline std::uint16_t packet_id(std::uint64_t number) { return std::uint16_t(number % 65'535 + 1); }

}  // namespace dos::broker
