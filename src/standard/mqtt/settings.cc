#include "standard/mqtt/settings.h"

#include "base/fault.h"
#include "net/mqtt_packet.h"

namespace dos::broker {
namespace {

template <typename T>
void read_number(json::value const& from, std::string_view key, std::int64_t least, std::int64_t most, T& to) {
  auto const* const v = from.find(key);
  if (!v) return;
  require(v->is_int() && v->as_int() >= least && v->as_int() <= most, fault_kind::invalid,
          "mqtt: " + std::string(key) + " wants a number from " + std::to_string(least) + " to " + std::to_string(most),
          key);
  to = T(v->as_int());
}

constexpr auto keys = {"port", "tls_port", "address", "tls_certificate", "tls_key", "anonymous", "publish_only",
                       "keep_alive_s_max", "session_days_max", "packet_bytes_max", "connections_max",
                       "connections_per_peer_max", "sessions_max", "queue_messages_max", "queue_bytes_max",
                       "retained_max", "retained_bytes_max", "messages_bytes_max"};

}  // namespace

settings read_settings(json::value const& configuration) {
  auto s = settings();
  auto& server = s.server;
  server.certificate_file = configuration.text_or("tls_certificate", {});
  server.key_file = configuration.text_or("tls_key", {});
  auto const* const given = configuration.find("mqtt");
  if (!given || !given->is_object()) return s;
  for (auto const& m : given->as_object()) {
    auto known = std::string();
    for (auto const* const k : keys) known += (known.empty() ? "" : ", ") + std::string(k);
    require(std::find(keys.begin(), keys.end(), m.key) != keys.end(), fault_kind::invalid,
            "mqtt: unknown key \"" + m.key + "\"; there are " + known, m.key);
  }
  server.address = given->text_or("address", server.address);
  server.certificate_file = given->text_or("tls_certificate", server.certificate_file);
  server.key_file = given->text_or("tls_key", server.key_file);
  read_number(*given, "port", 0, 65'535, server.port);
  read_number(*given, "tls_port", 0, 65'535, server.tls_port);
  require(!server.tls_port || !server.certificate_file.empty(), fault_kind::invalid,
          "mqtt: tls_port needs tls_certificate and tls_key", "tls_port");
  read_number(*given, "packet_bytes_max", 1'024, 64 << 20, server.packet_bytes_max);
  read_number(*given, "connections_max", 1, 1'000'000, server.connections_max);
  read_number(*given, "connections_per_peer_max", 1, 1'000'000, server.connections_per_peer_max);
  read_number(*given, "keep_alive_s_max", 0, 65'535, s.keep_alive_s_max);
  read_number(*given, "sessions_max", 1, 1'000'000, s.sessions_max);
  read_number(*given, "queue_messages_max", 1, 10'000'000, s.queue_messages_max);
  read_number(*given, "queue_bytes_max", 1'024, std::int64_t(16) << 30, s.queue_bytes_max);
  read_number(*given, "retained_max", 0, 10'000'000, s.retained_max);
  read_number(*given, "retained_bytes_max", 1'024, std::int64_t(16) << 30, s.retained_bytes_max);
  read_number(*given, "messages_bytes_max", 1'024, std::int64_t(64) << 30, s.messages_bytes_max);
  read_number(*given, "session_days_max", 1, 36'500, s.session_s_max);
  if (given->find("session_days_max")) s.session_s_max *= 86'400;
  if (auto const r = given->text_or("anonymous", {}); !r.empty()) s.anonymous = parse_role(r);
  if (auto const* const list = given->find("publish_only")) {
    require(list->is_array(), fault_kind::invalid, "mqtt: publish_only wants a list of topic filters", "publish_only");
    for (auto const& f : list->as_array()) {
      require(f.is_string() && net::mqtt::is_topic_filter(f.as_string()), fault_kind::invalid,
              "mqtt: publish_only wants a list of topic filters", "publish_only");
      s.publish_only.emplace_back(f.as_string());
    }
  }
  return s;
}

}  // namespace dos::broker
