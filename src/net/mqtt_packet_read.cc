#include <algorithm>

#include "base/fault.h"
#include "base/text.h"
#include "net/mqtt_packet.h"
#include "net/mqtt_property.h"

namespace dos::net::mqtt {
namespace {

// Where a property may stand: bits by packet type; a will's count as those of packet 0.
constexpr auto of_will = 1u << 0, of_connect = 1u << 1, of_connack = 1u << 2, of_publish = 1u << 3, of_acks = 0xfu << 4,
               of_subscribe = 1u << 8, of_suback = 1u << 9, of_unsubscribe = 1u << 10, of_unsuback = 1u << 11,
               of_disconnect = 1u << 14, of_auth = 1u << 15;

unsigned allowed_in(property p) {
  switch (p) {
    case payload_format:
    case message_expiry:
    case content_type:
    case response_topic:
    case correlation_data:
      return of_publish | of_will;
    case subscription_identifier:
      return of_publish | of_subscribe;
    case session_expiry:
      return of_connect | of_connack | of_disconnect;
    case authentication_method:
    case authentication_data:
      return of_connect | of_connack | of_auth;
    case request_problem_information:
    case request_response_information:
      return of_connect;
    case will_delay:
      return of_will;
    case receive_maximum:
    case topic_alias_maximum:
    case maximum_packet_size:
      return of_connect | of_connack;
    case topic_alias:
      return of_publish;
    case server_reference:
      return of_connack | of_disconnect;
    case reason_string:
      return of_connack | of_acks | of_suback | of_unsuback | of_disconnect | of_auth;
    case user_property:
      return of_will | of_connect | of_connack | of_publish | of_acks | of_subscribe | of_suback | of_unsubscribe |
             of_unsuback | of_disconnect | of_auth;
    case assigned_client_identifier:
    case server_keep_alive:
    case response_information:
    case maximum_qos:
    case retain_available:
    case wildcards_available:
    case subscription_identifiers_available:
    case shared_subscriptions_available:
      return of_connack;
  }
  return 0;
}

void require_form(bool condition, std::string_view detail) { require(condition, fault_kind::malformed, detail); }

// Takes values from the front of a packet's rest.
struct packet_reader {
  std::string_view rest;
  mqtt::version version;

  std::string_view take(std::size_t n) {
    require_form(n <= rest.size(), "an MQTT packet ends too early");
    auto const result = rest.substr(0, n);
    rest.remove_prefix(n);
    return result;
  }
  std::uint32_t number(std::size_t bytes) {
    auto result = std::uint32_t{0};
    for (unsigned char const c : take(bytes)) result = result << 8 | c;
    return result;
  }
  std::uint8_t byte() { return std::uint8_t(number(1)); }
  std::uint16_t two_bytes() { return std::uint16_t(number(2)); }
  std::uint8_t flag() {
    auto const result = byte();
    require_form(result < 2, "an MQTT flag is 0 or 1");
    return result;
  }
  std::uint16_t id() {
    auto const result = two_bytes();
    require_form(result != 0, "an MQTT packet identifier is 0");
    return result;
  }
  std::string binary() { return std::string(take(two_bytes())); }
  std::string text() {
    auto result = binary();
    require_form(text::is_utf8(result) && result.find('\0') == std::string::npos, "an MQTT text is not UTF-8");
    return result;
  }
  std::uint32_t variable_length() {
    auto result = std::uint32_t{0};
    for (auto shift = 0; shift < 28; shift += 7) {
      auto const b = byte();
      result |= std::uint32_t(b & 0x7f) << shift;
      if (!(b & 0x80)) return result;
    }
    throw fault(fault_kind::malformed, "an MQTT length has more than four bytes");
  }
  // `where`: bits as in allowed_in.
  mqtt::properties properties(unsigned where);
};

mqtt::properties packet_reader::properties(unsigned where) {
  auto result = mqtt::properties();
  if (version != version::v5) return result;
  auto r = packet_reader{take(variable_length()), version};
  auto seen = std::uint64_t{0};
  while (!r.rest.empty()) {
    auto const name = property(r.byte());
    require_form(allowed_in(name) & where, "an unknown MQTT property, or one that does not belong to this packet");
    auto const bit = std::uint64_t{1} << name;
    require_form(!(seen & bit) || name == user_property || (name == subscription_identifier && where == of_publish),
                 "an MQTT property comes twice");
    seen |= bit;
    switch (name) {
      case payload_format:
        result.payload_is_text = r.flag();
        break;
      case message_expiry:
        result.message_expiry_s = r.number(4);
        break;
      case content_type:
        result.content_type = r.text();
        break;
      case response_topic:
        result.response_topic = r.text();
        require_form(is_topic(result.response_topic), "an MQTT response topic is no topic");
        break;
      case correlation_data:
        result.correlation_data = r.binary();
        break;
      case session_expiry:
        result.session_expiry_s = r.number(4);
        break;
      case assigned_client_identifier:
        result.assigned_client_id = r.text();
        break;
      case server_keep_alive:
        result.server_keep_alive_s = r.two_bytes();
        break;
      case reason_string:
        result.reason = r.text();
        break;
      case receive_maximum:
        result.receive_max = r.two_bytes();
        require_form(*result.receive_max > 0, "MQTT Receive Maximum is 0");
        break;
      case topic_alias_maximum:
        result.topic_alias_max = r.two_bytes();
        break;
      case topic_alias:
        result.topic_alias = r.two_bytes();
        require_form(*result.topic_alias > 0, "an MQTT topic alias is 0");
        break;
      case maximum_qos:
        result.qos_max = r.flag();
        break;
      case retain_available:
        result.retain_available = r.flag();
        break;
      case maximum_packet_size:
        result.packet_bytes_max = r.number(4);
        require_form(*result.packet_bytes_max > 0, "MQTT Maximum Packet Size is 0");
        break;
      case user_property: {
        auto name = r.text();
        result.user.emplace_back(std::move(name), r.text());
        break;
      }
      case subscription_identifier:
        result.subscription_ids.push_back(r.variable_length());
        require_form(result.subscription_ids.back() > 0, "an MQTT subscription identifier is 0");
        break;
      case will_delay:
        result.will_delay_s = r.number(4);
        break;
      case request_problem_information:
      case request_response_information:
      case wildcards_available:
      case subscription_identifiers_available:
      case shared_subscriptions_available:
        r.flag();
        break;
      case authentication_method:
        result.authentication_method = r.text();
        break;
      case authentication_data:
        result.authentication_data = r.binary();
        break;
      case response_information:
      case server_reference:
        r.text();
        break;
    }
  }
  return result;
}

connect read_connect(packet_reader& r) {
  auto const name = r.text();
  require(name != "MQIsdp", fault_kind::not_supported, "MQTT 3.1.1 and 5.0 are spoken here");
  require_form(name == "MQTT", "an MQTT CONNECT is expected");
  auto const level = r.byte();
  require(level == 4 || level == 5, fault_kind::not_supported, "MQTT 3.1.1 and 5.0 are spoken here");
  auto c = connect();
  c.version = r.version = mqtt::version(level);
  auto const flags = r.byte();
  auto const has_will = (flags & 0x04) != 0;
  require_form(!(flags & 0x01), "a reserved MQTT flag is set");
  require_form(has_will || !(flags & 0x38), "an MQTT CONNECT has will flags without a will");
  require_form((flags & 0x18) != 0x18, "MQTT quality of service is 0, 1 or 2");
  require_form(level == 5 || (flags & 0x80) || !(flags & 0x40), "an MQTT password comes without a user");
  c.clean_start = flags & 0x02;
  c.keep_alive_s = r.two_bytes();
  c.properties = r.properties(of_connect);
  c.client_id = r.text();
  if (has_will) {
    auto will = publish{.qos = std::uint8_t(flags >> 3 & 3), .retain = (flags & 0x20) != 0};
    will.properties = r.properties(of_will);
    will.topic = r.text();
    require_form(is_topic(will.topic), "an MQTT will has no proper topic");
    will.payload = r.binary();
    c.will = std::move(will);
  }
  if (flags & 0x80) c.user = r.text();
  if (flags & 0x40) c.password = r.binary();
  return c;
}

publish read_publish(packet_reader& r, std::uint8_t flags) {
  auto p = publish{.qos = std::uint8_t(flags >> 1 & 3), .retain = (flags & 1) != 0, .repeated = (flags & 8) != 0};
  require_form(p.qos < 3, "MQTT quality of service is 0, 1 or 2");
  require_form(p.qos > 0 || !p.repeated, "an MQTT message of quality of service 0 is marked as repeated");
  p.topic = r.text();
  if (p.qos > 0) p.id = r.id();
  p.properties = r.properties(of_publish);
  require_form(is_topic(p.topic) || (p.topic.empty() && p.properties.topic_alias),
               "an MQTT message has no proper topic");
  p.payload = r.take(r.rest.size());
  return p;
}

ack read_ack(packet_reader& r, ack_kind kind) {
  auto a = ack{kind, r.id(), 0};
  if (r.version == version::v5 && !r.rest.empty()) a.reason = r.byte();
  if (r.version == version::v5 && !r.rest.empty()) r.properties(of_acks);
  return a;
}

subscribe read_subscribe(packet_reader& r) {
  auto s = subscribe{.id = r.id()};
  if (auto const ids = r.properties(of_subscribe).subscription_ids; !ids.empty()) s.identifier = ids.front();
  do {
    auto one = subscription{.filter = r.text()};
    require_form(is_topic_filter(one.filter), "an MQTT topic filter is wrong");
    auto const options = r.byte();
    one.qos = options & 3;
    one.no_local = options & 4;
    one.retain_as_published = options & 8;
    one.retain_handling = options >> 4 & 3;
    require_form(one.qos < 3 && one.retain_handling < 3 && !(options & (r.version == version::v5 ? 0xc0 : 0xfc)),
                 "MQTT subscription options are wrong");
    require_form(!one.no_local || !is_shared(one.filter), "a shared MQTT subscription is marked as not local");
    s.subscriptions.push_back(std::move(one));
  } while (!r.rest.empty());
  return s;
}

unsubscribe read_unsubscribe(packet_reader& r) {
  auto u = unsubscribe{.id = r.id()};
  r.properties(of_unsubscribe);
  do {
    u.filters.push_back(r.text());
    require_form(is_topic_filter(u.filters.back()), "an MQTT topic filter is wrong");
  } while (!r.rest.empty());
  return u;
}

suback read_suback(packet_reader& r, bool of_unsubscribe) {
  auto s = suback{.id = r.id(), .of_unsubscribe = of_unsubscribe};
  r.properties(of_unsubscribe ? of_unsuback : of_suback);
  if (of_unsubscribe && r.version == version::v3_1_1) return s;
  auto const reasons = r.take(r.rest.size());
  s.reasons.assign(reasons.begin(), reasons.end());
  return s;
}

connack read_connack(packet_reader& r) {
  auto const flags = r.byte();
  require_form(flags < 2, "a reserved MQTT flag is set");
  auto c = connack{.session_present = flags == 1, .reason = r.byte()};
  c.properties = r.properties(of_connack);
  return c;
}

disconnect read_disconnect(packet_reader& r) {
  auto d = disconnect();
  if (r.version == version::v5 && !r.rest.empty()) d.reason = r.byte();
  if (r.version == version::v5 && !r.rest.empty()) d.properties = r.properties(of_disconnect);
  return d;
}

auth read_auth(packet_reader& r) {
  require_form(r.version == version::v5, "an unknown MQTT packet");
  auto a = auth();
  if (!r.rest.empty()) a.reason = r.byte();
  if (!r.rest.empty()) a.properties = r.properties(of_auth);
  return a;
}

packet read_packet(packet_reader& r, std::uint8_t first) {
  auto const flags = std::uint8_t(first & 15);
  auto const type = first >> 4;
  require_form(type == 3 || flags == (type == 6 || type == 8 || type == 10 ? 2 : 0), "reserved MQTT flags are wrong");
  switch (type) {
    case 1:
      return read_connect(r);
    case 2:
      return read_connack(r);
    case 3:
      return read_publish(r, flags);
    case 4:
    case 5:
    case 6:
    case 7:
      return read_ack(r, ack_kind(type));
    case 8:
      return read_subscribe(r);
    case 9:
      return read_suback(r, false);
    case 10:
      return read_unsubscribe(r);
    case 11:
      return read_suback(r, true);
    case 12:
      return ping_request();
    case 13:
      return ping_response();
    case 14:
      return read_disconnect(r);
    case 15:
      return read_auth(r);
    default:
      throw fault(fault_kind::malformed, "an unknown MQTT packet");
  }
}

}  // namespace

std::optional<parsed> parse_packet(std::string_view bytes, version v, std::size_t packet_bytes_max) {
  auto length = std::size_t{0};
  auto head = std::size_t{1};
  for (auto shift = 0;; shift += 7, ++head) {
    require_form(shift < 28, "an MQTT length has more than four bytes");
    if (head >= bytes.size()) return std::nullopt;
    auto const b = static_cast<unsigned char>(bytes[head]);
    length |= std::size_t(b & 0x7f) << shift;
    if (!(b & 0x80)) break;
  }
  ++head;
  require(head + length <= packet_bytes_max, fault_kind::too_large,
          "an MQTT packet is over the limit of " + std::to_string(packet_bytes_max) + " bytes");
  if (bytes.size() < head + length) return std::nullopt;
  auto r = packet_reader{bytes.substr(head, length), v};
  auto p = read_packet(r, static_cast<std::uint8_t>(bytes[0]));
  require_form(r.rest.empty(), "an MQTT packet is longer than its content");
  return parsed{std::move(p), head + length};
}

}  // namespace dos::net::mqtt
