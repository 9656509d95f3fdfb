#include "standard/mqtt/message.h"

#include <algorithm>

#include "base/text.h"

namespace dos::broker {
namespace {

std::string read_bytes(json::value const& record, std::string_view key) {
  return text::from_base64(record.text_or(key, {})).value_or(std::string());
}

}  // namespace

message make_message(net::mqtt::publish p, std::string from, timestamp now) {
  auto m = message{.topic = std::move(p.topic), .payload = std::move(p.payload), .qos = p.qos, .retain = p.retain};
  if (auto const s = p.properties.message_expiry_s) m.expires = now + std::int64_t(*s) * us_per_second;
  m.properties.payload_is_text = p.properties.payload_is_text;
  m.properties.content_type = std::move(p.properties.content_type);
  m.properties.response_topic = std::move(p.properties.response_topic);
  m.properties.correlation_data = std::move(p.properties.correlation_data);
  m.properties.user = std::move(p.properties.user);
  m.from = std::move(from);
  return m;
}

net::mqtt::publish to_packet(message const& m, timestamp now) {
  auto p = net::mqtt::publish{.topic = m.topic, .payload = m.payload, .qos = m.qos, .retain = m.retain};
  p.properties = m.properties;
  if (m.expires != timestamp_max)
    p.properties.message_expiry_s = std::uint32_t(std::max<std::int64_t>((m.expires - now) / us_per_second, 0));
  return p;
}

json::value to_json(message const& m) {
  auto o = json::object({{"topic", m.topic}, {"qos", int(m.qos)}});
  if (text::is_utf8(m.payload)) o.push("text", m.payload);
  else o.push("bytes", text::to_base64(m.payload));
  if (m.retain) o.push("retain", true);
  if (m.expires != timestamp_max) o.push("expires", m.expires.us);
  if (!m.from.empty()) o.push("from", m.from);
  auto const& p = m.properties;
  if (p.payload_is_text) o.push("form", int(*p.payload_is_text));
  if (!p.content_type.empty()) o.push("contentType", p.content_type);
  if (!p.response_topic.empty()) o.push("responseTopic", p.response_topic);
  if (!p.correlation_data.empty()) o.push("correlationData", text::to_base64(p.correlation_data));
  if (!p.user.empty()) {
    auto list = json::array();
    for (auto const& [name, value] : p.user) {
      list.emplace_back(name);
      list.emplace_back(value);
    }
    o.push("user", std::move(list));
  }
  return o;
}

message read_message(json::value const& record) {
  auto m = message{.topic = std::string(record.text_or("topic", {}))};
  m.qos = std::uint8_t(record.find("qos")->as_int());
  m.payload = record.find("text") ? std::string(record.text_or("text", {})) : read_bytes(record, "bytes");
  m.retain = record.find("retain") != nullptr;
  if (auto const* const e = record.find("expires")) m.expires = {e->as_int()};
  m.from = record.text_or("from", {});
  auto& p = m.properties;
  if (auto const* const f = record.find("form")) p.payload_is_text = std::uint8_t(f->as_int());
  p.content_type = record.text_or("contentType", {});
  p.response_topic = record.text_or("responseTopic", {});
  p.correlation_data = read_bytes(record, "correlationData");
  if (auto const* const list = record.find("user")) {
    auto const& all = list->as_array();
    for (auto i = std::size_t{0}; i + 1 < all.size(); i += 2)
      p.user.emplace_back(all[i].as_string(), all[i + 1].as_string());
  }
  return m;
}

}  // namespace dos::broker
