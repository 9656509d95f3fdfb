// MQTT 3.1.1 and 5.0 packets as values, and as bytes. For clients and servers alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace dos::net::mqtt {

enum class version : std::uint8_t { v3_1_1 = 4, v5 = 5 };

// MQTT 5.0, 2.2.2. Those that nobody here needs are checked and left out. Version 3.1.1 has none.
struct properties {
  std::optional<std::uint32_t> session_expiry_s = {};
  std::optional<std::uint32_t> message_expiry_s = {};
  std::optional<std::uint32_t> packet_bytes_max = {};
  std::optional<std::uint16_t> receive_max = {};
  std::optional<std::uint16_t> topic_alias_max = {};
  std::optional<std::uint16_t> topic_alias = {};
  std::optional<std::uint16_t> server_keep_alive_s = {};
  std::optional<std::uint8_t> qos_max = {};
  std::optional<std::uint8_t> retain_available = {};
  std::optional<std::uint8_t> payload_is_text = {};
  std::string content_type = {};
  std::string response_topic = {};
  std::string correlation_data = {};
  std::optional<std::uint32_t> will_delay_s = {};
  std::vector<std::uint32_t> subscription_ids = {};
  std::string assigned_client_id = {};
  std::string authentication_method = {};
  std::string authentication_data = {};
  std::string reason = {};
  std::vector<std::pair<std::string, std::string>> user = {};

  bool operator==(properties const&) const = default;
};

struct publish {
  std::string topic = {};  // may be empty in version 5 where an alias stands for it
  std::string payload = {};
  std::uint8_t qos = 0;
  bool retain = false;
  bool repeated = false;  // DUP
  std::uint16_t id = 0;   // not 0 when qos > 0
  mqtt::properties properties = {};

  bool operator==(publish const&) const = default;
};

struct connect {
  mqtt::version version = version::v3_1_1;
  std::string client_id = {};
  bool clean_start = true;
  std::uint16_t keep_alive_s = 60;
  std::optional<publish> will = {};
  std::optional<std::string> user = {};
  std::optional<std::string> password = {};
  mqtt::properties properties = {};

  bool operator==(connect const&) const = default;
};

struct connack {
  bool session_present = false;
  std::uint8_t reason = 0;  // 0: accepted; the codes of the version spoken
  mqtt::properties properties = {};

  bool operator==(connack const&) const = default;
};

enum class ack_kind : std::uint8_t { puback = 4, pubrec = 5, pubrel = 6, pubcomp = 7 };

struct ack {
  ack_kind kind = ack_kind::puback;
  std::uint16_t id = 0;
  std::uint8_t reason = 0;  // version 5; 0x80 and above: refused

  bool operator==(ack const&) const = default;
};

struct subscription {
  std::string filter = {};
  std::uint8_t qos = 0;
  bool no_local = false;             // version 5, as the next two
  bool retain_as_published = false;  //
  std::uint8_t retain_handling = 0;

  bool operator==(subscription const&) const = default;
};

struct subscribe {
  std::uint16_t id = 0;
  std::vector<subscription> subscriptions = {};
  std::uint32_t identifier = 0;  // version 5: named in every message that comes for it; 0: none

  bool operator==(subscribe const&) const = default;
};

struct unsubscribe {
  std::uint16_t id = 0;
  std::vector<std::string> filters = {};

  bool operator==(unsubscribe const&) const = default;
};

// The answer to both; an UNSUBACK of version 3.1.1 has no reasons.
struct suback {
  std::uint16_t id = 0;
  std::vector<std::uint8_t> reasons = {};  // granted quality of service, or 0x80 and above
  bool of_unsubscribe = false;

  bool operator==(suback const&) const = default;
};

struct ping_request {
  bool operator==(ping_request const&) const = default;
};
struct ping_response {
  bool operator==(ping_response const&) const = default;
};
struct disconnect {
  std::uint8_t reason = 0;  // version 5, as the next
  mqtt::properties properties = {};

  bool operator==(disconnect const&) const = default;
};
struct auth {  // version 5
  std::uint8_t reason = 0;
  mqtt::properties properties = {};

  bool operator==(auth const&) const = default;
};

using packet = std::variant<connect, connack, publish, ack, subscribe, suback, unsubscribe, ping_request, ping_response,
                            disconnect, auth>;

struct parsed {
  mqtt::packet packet;
  std::size_t bytes;  // how many it took
};

// The first packet of `bytes`; nothing when it is not yet complete. `v` is the version spoken (a CONNECT brings its
// own). Faults: malformed for everything the standard forbids, too_large over `packet_bytes_max` (known from the first
// five bytes), not_supported for a CONNECT of another version.
std::optional<parsed> parse_packet(std::string_view bytes, version v, std::size_t packet_bytes_max);

void write_packet(std::string& out, packet const& p, version v);  // appends

// 4.7: '+' one level, '#' the rest; neither matches a first level that begins with '$'.
bool is_topic(std::string_view name);
bool is_topic_filter(std::string_view filter);
// "$share/GROUP/FILTER": the members of a group get each message once. MQTT 5.0, 4.8.2
bool is_shared(std::string_view filter);
bool matches(std::string_view filter, std::string_view topic);

}  // namespace dos::net::mqtt
