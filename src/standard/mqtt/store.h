// The broker's state as records of the city.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/record_collection.h"
#include "standard/mqtt/message_shelf.h"
#include "standard/mqtt/session_state.h"

namespace dos::broker {

inline constexpr auto session_collection = record_collection{"mqtt_session", "standard/mqtt", "client"};
inline constexpr auto message_collection = record_collection{"mqtt_message", "standard/mqtt", "number"};  // once however many get it
inline constexpr auto delivery_collection = record_collection{"mqtt_delivery", "standard/mqtt", "client and number of the delivery"};
inline constexpr auto received_collection = record_collection{"mqtt_received", "standard/mqtt", "client and packet identifier"};
inline constexpr auto retained_collection = record_collection{"mqtt_retained", "standard/mqtt", "topic"};
inline constexpr auto position_collection = record_collection{"mqtt_position", "standard/mqtt", "client and filter"};

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
