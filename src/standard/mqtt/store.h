// The broker's state as records of the city.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "standard/mqtt/message_shelf.h"
#include "standard/mqtt/session_state.h"

namespace dos::broker {

inline constexpr std::string_view session_collection = "mqtt_session";    // by client
inline constexpr std::string_view message_collection = "mqtt_message";    // by number, once however many get it
inline constexpr std::string_view delivery_collection = "mqtt_delivery";  // by client and number of the delivery
inline constexpr std::string_view received_collection = "mqtt_received";  // by client and packet identifier
inline constexpr std::string_view retained_collection = "mqtt_retained";  // by topic
inline constexpr std::string_view position_collection = "mqtt_position";  // by client and filter

std::string to_key(std::uint64_t number);  // 16 hex digits
std::string delivery_key(std::string_view client, std::uint64_t number);
std::string received_key(std::string_view client, std::uint16_t packet);
std::string position_key(std::string_view client, std::string_view filter);

json::value to_json(client_session const& s, timestamp left);  // no_time: connected
json::value to_json(delivery const& d);

// A change of records: `value` null erases.
struct record_change {
  std::string_view collection;
  std::string key;
  json::value value = nullptr;
};
void put_changes(transaction& t, std::vector<record_change> const& changes);

struct stored_state {
  std::vector<std::shared_ptr<client_session>> sessions;
  std::map<std::string, message_ptr, std::less<>> retained;
  std::uint64_t next_number = 1;
  std::vector<record_change> orphans;  // records of what is no more
};
// `restarted`: sessions that were connected have been left then.
stored_state load(session const& s, timestamp restarted, message_shelf const& shelf);

}  // namespace dos::broker
