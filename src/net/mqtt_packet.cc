#include "net/mqtt_packet.h"

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"

namespace dos::net::mqtt {
namespace {

// MQTT 5.0, table 2-4
enum property : std::uint8_t {
  payload_format = 0x01,
  message_expiry = 0x02,
  content_type = 0x03,
  response_topic = 0x08,
  correlation_data = 0x09,
  subscription_identifier = 0x0b,
  session_expiry = 0x11,
  assigned_client_identifier = 0x12,
  server_keep_alive = 0x13,
  authentication_method = 0x15,
  authentication_data = 0x16,
  request_problem_information = 0x17,
  will_delay = 0x18,
  request_response_information = 0x19,
  response_information = 0x1a,
  server_reference = 0x1c,
  reason_string = 0x1f,
  receive_maximum = 0x21,
  topic_alias_maximum = 0x22,
  topic_alias = 0x23,
  maximum_qos = 0x24,
  retain_available = 0x25,
  user_property = 0x26,
  maximum_packet_size = 0x27,
  wildcards_available = 0x28,
  subscription_identifiers_available = 0x29,
  shared_subscriptions_available = 0x2a,
};

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
  mqtt::properties properties();
};

template <typename T, typename V>
void set_once(std::optional<T>& to, V value) {
  require_form(!to, "an MQTT property comes twice");
  to = T(value);
}

mqtt::properties packet_reader::properties() {
  auto result = mqtt::properties();
  if (version != version::v5) return result;
  auto r = packet_reader{take(variable_length()), version};
  while (!r.rest.empty()) {
    switch (r.byte()) {
      case payload_format:
        set_once(result.payload_is_text, r.byte());
        break;
      case message_expiry:
        set_once(result.message_expiry_s, r.number(4));
        break;
      case content_type:
        result.content_type = r.text();
        break;
      case response_topic:
        result.response_topic = r.text();
        break;
      case correlation_data:
        result.correlation_data = r.binary();
        break;
      case session_expiry:
        set_once(result.session_expiry_s, r.number(4));
        break;
      case assigned_client_identifier:
        result.assigned_client_id = r.text();
        break;
      case server_keep_alive:
        set_once(result.server_keep_alive_s, r.two_bytes());
        break;
      case reason_string:
        result.reason = r.text();
        break;
      case receive_maximum:
        set_once(result.receive_max, r.two_bytes());
        require_form(*result.receive_max > 0, "MQTT Receive Maximum is 0");
        break;
      case topic_alias_maximum:
        set_once(result.topic_alias_max, r.two_bytes());
        break;
      case topic_alias:
        set_once(result.topic_alias, r.two_bytes());
        require_form(*result.topic_alias > 0, "an MQTT topic alias is 0");
        break;
      case maximum_qos:
        set_once(result.qos_max, r.byte());
        break;
      case retain_available:
        set_once(result.retain_available, r.byte());
        break;
      case maximum_packet_size:
        set_once(result.packet_bytes_max, r.number(4));
        require_form(*result.packet_bytes_max > 0, "MQTT Maximum Packet Size is 0");
        break;
      case user_property: {
        auto name = r.text();
        result.user.emplace_back(std::move(name), r.text());
        break;
      }
      case subscription_identifier:
        r.variable_length();
        break;
      case request_problem_information:
      case request_response_information:
      case wildcards_available:
      case subscription_identifiers_available:
      case shared_subscriptions_available:
        r.byte();
        break;
      case will_delay:
        r.number(4);
        break;
      case authentication_method:
      case response_information:
      case server_reference:
        r.text();
        break;
      case authentication_data:
        r.binary();
        break;
      default:
        throw fault(fault_kind::malformed, "an unknown MQTT property");
    }
  }
  return result;
}

connect read_connect(packet_reader& r) {
  require_form(r.text() == "MQTT", "an MQTT CONNECT is expected");
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
  c.properties = r.properties();
  c.client_id = r.text();
  if (has_will) {
    auto will = publish{.qos = std::uint8_t(flags >> 3 & 3), .retain = (flags & 0x20) != 0};
    will.properties = r.properties();
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
  p.topic = r.text();
  if (p.qos > 0) p.id = r.id();
  p.properties = r.properties();
  require_form(is_topic(p.topic) || (p.topic.empty() && p.properties.topic_alias),
               "an MQTT message has no proper topic");
  p.payload = r.take(r.rest.size());
  return p;
}

ack read_ack(packet_reader& r, ack_kind kind) {
  auto a = ack{kind, r.id(), 0};
  if (r.version == version::v5 && !r.rest.empty()) a.reason = r.byte();
  if (r.version == version::v5 && !r.rest.empty()) r.properties();
  return a;
}

subscribe read_subscribe(packet_reader& r) {
  auto s = subscribe{.id = r.id()};
  r.properties();
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
    s.subscriptions.push_back(std::move(one));
  } while (!r.rest.empty());
  return s;
}

unsubscribe read_unsubscribe(packet_reader& r) {
  auto u = unsubscribe{.id = r.id()};
  r.properties();
  do {
    u.filters.push_back(r.text());
    require_form(is_topic_filter(u.filters.back()), "an MQTT topic filter is wrong");
  } while (!r.rest.empty());
  return u;
}

suback read_suback(packet_reader& r, bool of_unsubscribe) {
  auto s = suback{.id = r.id(), .of_unsubscribe = of_unsubscribe};
  r.properties();
  if (of_unsubscribe && r.version == version::v3_1_1) return s;
  auto const reasons = r.take(r.rest.size());
  s.reasons.assign(reasons.begin(), reasons.end());
  return s;
}

connack read_connack(packet_reader& r) {
  auto const flags = r.byte();
  require_form(flags < 2, "a reserved MQTT flag is set");
  auto c = connack{.session_present = flags == 1, .reason = r.byte()};
  c.properties = r.properties();
  return c;
}

disconnect read_disconnect(packet_reader& r) {
  auto d = disconnect();
  if (r.version == version::v5 && !r.rest.empty()) d.reason = r.byte();
  if (r.version == version::v5 && !r.rest.empty()) r.properties();
  return d;
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
      throw fault(fault_kind::not_supported, "MQTT extended authentication is not offered");
    default:
      throw fault(fault_kind::malformed, "an unknown MQTT packet");
  }
}

void write_number(std::string& out, std::uint32_t n, int bytes) {
  for (auto shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += char(n >> shift);
}

void write_length(std::string& out, std::size_t n) {
  DOS_CHECK(n < 268'435'456);
  do {
    out += char((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
    n >>= 7;
  } while (n > 0);
}

void write_text(std::string& out, std::string_view text) {
  require(text.size() <= 65'535, fault_kind::too_large, "an MQTT text has at most 65535 bytes");
  write_number(out, std::uint32_t(text.size()), 2);
  out += text;
}

void write_properties(std::string& out, properties const& p, version v) {
  if (v != version::v5) return;
  auto all = std::string();
  auto const number = [&](property name, auto const& value) {
    if (!value) return;
    all += char(name);
    write_number(all, *value, sizeof *value);
  };
  auto const text = [&](property name, std::string_view value) {
    if (value.empty()) return;
    all += char(name);
    write_text(all, value);
  };
  number(payload_format, p.payload_is_text);
  number(message_expiry, p.message_expiry_s);
  text(content_type, p.content_type);
  text(response_topic, p.response_topic);
  text(correlation_data, p.correlation_data);
  number(session_expiry, p.session_expiry_s);
  text(assigned_client_identifier, p.assigned_client_id);
  number(server_keep_alive, p.server_keep_alive_s);
  text(reason_string, p.reason);
  number(receive_maximum, p.receive_max);
  number(topic_alias_maximum, p.topic_alias_max);
  number(topic_alias, p.topic_alias);
  number(maximum_qos, p.qos_max);
  number(retain_available, p.retain_available);
  number(maximum_packet_size, p.packet_bytes_max);
  for (auto const& [name, value] : p.user) {
    all += char(user_property);
    write_text(all, name);
    write_text(all, value);
  }
  write_length(out, all.size());
  out += all;
}

// Writes what follows the length of a packet; returns its first byte.
struct body_writer {
  std::string& out;
  version v;

  int operator()(connect const& c) const {
    write_text(out, "MQTT");
    out += char(c.version);
    auto flags = c.clean_start ? 0x02 : 0;
    if (c.will) flags |= 0x04 | c.will->qos << 3 | (c.will->retain ? 0x20 : 0);
    if (c.user) flags |= 0x80;
    if (c.password) flags |= 0x40;
    out += char(flags);
    write_number(out, c.keep_alive_s, 2);
    write_properties(out, c.properties, c.version);
    write_text(out, c.client_id);
    if (c.will) {
      write_properties(out, c.will->properties, c.version);
      write_text(out, c.will->topic);
      write_text(out, c.will->payload);
    }
    if (c.user) write_text(out, *c.user);
    if (c.password) write_text(out, *c.password);
    return 0x10;
  }
  int operator()(connack const& c) const {
    out += char(c.session_present);
    out += char(c.reason);
    write_properties(out, c.properties, v);
    return 0x20;
  }
  int operator()(publish const& p) const {
    write_text(out, p.topic);
    if (p.qos > 0) write_number(out, p.id, 2);
    write_properties(out, p.properties, v);
    out += p.payload;
    return 0x30 | (p.repeated ? 8 : 0) | p.qos << 1 | (p.retain ? 1 : 0);
  }
  int operator()(ack const& a) const {
    write_number(out, a.id, 2);
    if (v == version::v5 && a.reason != 0) out += char(a.reason);
    return int(a.kind) << 4 | (a.kind == ack_kind::pubrel ? 2 : 0);
  }
  int operator()(subscribe const& s) const {
    write_number(out, s.id, 2);
    write_properties(out, {}, v);
    for (auto const& one : s.subscriptions) {
      write_text(out, one.filter);
      auto const more = (one.no_local ? 4 : 0) | (one.retain_as_published ? 8 : 0) | one.retain_handling << 4;
      out += char(v == version::v5 ? one.qos | more : one.qos);
    }
    return 0x82;
  }
  int operator()(unsubscribe const& u) const {
    write_number(out, u.id, 2);
    write_properties(out, {}, v);
    for (auto const& filter : u.filters) write_text(out, filter);
    return 0xa2;
  }
  int operator()(suback const& s) const {
    write_number(out, s.id, 2);
    write_properties(out, {}, v);
    if (!s.of_unsubscribe || v == version::v5) out.append(s.reasons.begin(), s.reasons.end());
    return s.of_unsubscribe ? 0xb0 : 0x90;
  }
  int operator()(ping_request const&) const { return 0xc0; }
  int operator()(ping_response const&) const { return 0xd0; }
  int operator()(disconnect const& d) const {
    if (v == version::v5 && d.reason != 0) out += char(d.reason);
    return 0xe0;
  }
};

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

void write_packet(std::string& out, packet const& p, version v) {
  auto body = std::string();
  auto const first = std::visit(body_writer{body, v}, p);
  out += char(first);
  write_length(out, body.size());
  out += body;
}

bool is_topic(std::string_view name) {
  return !name.empty() && name.size() <= 65'535 && name.find_first_of("+#") == std::string_view::npos;
}

bool is_topic_filter(std::string_view filter) {
  if (filter.empty() || filter.size() > 65'535) return false;
  auto const levels = text::split(filter, '/');
  for (auto i = std::size_t{0}; i < levels.size(); ++i) {
    if (levels[i].find_first_of("+#") == std::string_view::npos) continue;
    if (levels[i].size() != 1 || (levels[i] == "#" && i + 1 != levels.size())) return false;
  }
  return true;
}

bool matches(std::string_view filter, std::string_view topic) {
  if (topic.starts_with('$') && !filter.starts_with('$')) return false;
  auto const wanted = text::split(filter, '/');
  auto const levels = text::split(topic, '/');
  for (auto i = std::size_t{0}; i < wanted.size(); ++i) {
    if (wanted[i] == "#") return true;  // "a/#" matches "a" as well
    if (i == levels.size()) return false;
    if (wanted[i] != "+" && wanted[i] != levels[i]) return false;
    if (i + 2 == wanted.size() && wanted[i + 1] == "#" && i + 1 == levels.size()) return true;
  }
  return wanted.size() == levels.size();
}

}  // namespace dos::net::mqtt
