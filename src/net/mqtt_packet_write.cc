#include "base/fault.h"
#include "net/mqtt_packet.h"
#include "net/mqtt_property.h"

namespace dos::net::mqtt {
namespace {

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
  number(will_delay, p.will_delay_s);
  text(authentication_method, p.authentication_method);
  text(authentication_data, p.authentication_data);
  for (auto const id : p.subscription_ids) {
    all += char(subscription_identifier);
    write_length(all, id);
  }
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
    auto p = properties();
    if (s.identifier) p.subscription_ids = {s.identifier};
    write_properties(out, p, v);
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
    write_reason(d.reason, d.properties);
    return 0xe0;
  }
  int operator()(auth const& a) const {
    write_reason(a.reason, a.properties);
    return 0xf0;
  }

  // Both are left out where they say nothing.
  void write_reason(std::uint8_t reason, properties const& p) const {
    auto const has_properties = p != properties();
    if (v != version::v5 || (reason == 0 && !has_properties)) return;
    out += char(reason);
    if (has_properties) write_properties(out, p, v);
  }
};

}  // namespace

void write_packet(std::string& out, packet const& p, version v) {
  auto body = std::string();
  auto const first = std::visit(body_writer{body, v}, p);
  out += char(first);
  write_length(out, body.size());
  out += body;
}

}  // namespace dos::net::mqtt
