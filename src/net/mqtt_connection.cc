#include "net/mqtt_connection.h"

#include "base/fault.h"
#include "base/log.h"
#include "net/mqtt_server_core.h"

namespace dos::net {
namespace {

// MQTT 5.0, 2.4
constexpr std::uint8_t unspecified_error = 0x80, malformed_packet = 0x81, protocol_error = 0x82,
                       unsupported_version = 0x84, keep_alive_timeout = 0x8d, topic_alias_invalid = 0x94,
                       packet_too_large = 0x95;
constexpr auto connect_bytes_max = std::size_t{200'000};  // identifier, will, user, password of 64 KiB each at most

std::uint8_t reason_for(fault_kind k) {
  switch (k) {
    case fault_kind::malformed:
      return malformed_packet;
    case fault_kind::too_large:
      return packet_too_large;
    case fault_kind::invalid:
      return protocol_error;
    default:
      return unspecified_error;
  }
}

}  // namespace

void mqtt_connection::begin(std::shared_ptr<mqtt_carrier> carrier) {
  carrier_ = std::move(carrier);
  heard();
  handler_ = core_->accept(shared_from_this());
  core_->add(shared_from_this());
}

void mqtt_connection::ended() {
  if (std::exchange(ended_, true)) return;
  closing_ = true;
  if (auto const h = std::exchange(handler_, nullptr)) h->closed();
  core_->remove(shared_from_this());
}

void mqtt_connection::received(std::string_view bytes) {
  if (ended_ || closing_) return;  // what a client sends to a closing end is read and dropped
  heard();
  in_ += bytes;
  parse();
}

void mqtt_connection::parse() {
  auto used = std::size_t{0};
  try {
    while (!ended_ && !paused_ && !closing_) {
      require(greeted_ || used == in_.size() || in_[used] == '\x10', fault_kind::invalid,
              "an MQTT connection begins with CONNECT");
      auto const bytes_max = greeted_ ? core_->options.packet_bytes_max : connect_bytes_max;
      auto next = mqtt::parse_packet(std::string_view(in_).substr(used), version_, bytes_max);
      if (!next) break;
      used += next->bytes;
      core_->counts.packets_received.fetch_add(1, std::memory_order_relaxed);
      take(std::move(next->packet));
    }
  } catch (fault const& f) {
    // 3.1.1, 3.2.2.3 and 5.0, 3.2.2.2: whoever speaks another version is told so in the words of the oldest.
    if (!greeted_ && f.kind == fault_kind::not_supported) carrier_->send(std::string_view("\x20\x02\x00\x01", 4));
    drop(reason_for(f.kind));
  } catch (std::exception const& e) {
    log::error("a handler of MQTT failed", {{"reason", e.what()}});
    drop(unspecified_error);
  }
  in_.erase(0, used);
  if (in_.empty() && in_.capacity() > 256 * 1024) std::string().swap(in_);
}

void mqtt_connection::take(mqtt::packet p) {
  auto const* const hello = std::get_if<mqtt::connect>(&p);
  require(greeted_ == (hello == nullptr), fault_kind::invalid, "an MQTT connection begins with one CONNECT");
  if (hello) {
    version_ = hello->version;
    keep_alive_s_ = hello->keep_alive_s;
    greeted_ = true;
    auto const lock = std::lock_guard(mutex_);
    client_aliases_max_ = std::min(hello->properties.topic_alias_max.value_or(0), core_->options.topic_alias_max);
    client_packet_bytes_max_ = hello->properties.packet_bytes_max.value_or(UINT32_MAX);
  }
  if (std::holds_alternative<mqtt::ping_request>(p)) {
    send(mqtt::ping_response());
    return;
  }
  if (auto* const m = std::get_if<mqtt::publish>(&p)) {
    if (!resolve_alias(*m)) return drop(topic_alias_invalid);
    require(m->properties.subscription_ids.empty(), fault_kind::invalid,
            "an MQTT client names no subscription in a message");  // 5.0, 3.3.4
  }
  auto const is_a_servers = std::holds_alternative<mqtt::connack>(p) || std::holds_alternative<mqtt::suback>(p) ||
                            std::holds_alternative<mqtt::ping_response>(p);
  require(!is_a_servers && !std::holds_alternative<mqtt::auth>(p), fault_kind::invalid,
          "this MQTT packet is not expected from a client");
  handler_->received(std::move(p));
}

// 5.0, 3.3.2.3.4
bool mqtt_connection::resolve_alias(mqtt::publish& p) {
  auto const alias = std::exchange(p.properties.topic_alias, std::nullopt);
  if (!alias) return true;
  if (*alias > core_->options.topic_alias_max) return false;
  if (!p.topic.empty()) {
    topics_[*alias] = p.topic;
    return true;
  }
  auto const it = topics_.find(*alias);
  if (it == topics_.end()) return false;
  p.topic = it->second;
  return true;
}

void mqtt_connection::drained() {
  if (!ended_ && !closing_ && handler_) handler_->drained();
}

bool mqtt_connection::send(mqtt::packet const& p) {
  if (closing_) return true;
  auto const* message = std::get_if<mqtt::publish>(&p);
  auto const* answer = std::get_if<mqtt::connack>(&p);
  auto bytes = std::string();
  auto const lock = std::lock_guard(mutex_);
  auto fresh = false;  // an alias of ours
  if (message && client_aliases_max_ > 0) {
    auto m = *message;
    auto it = aliases_.find(m.topic);
    fresh = it == aliases_.end() && aliases_.size() < client_aliases_max_;
    if (fresh) it = aliases_.emplace(m.topic, std::uint16_t(aliases_.size() + 1)).first;
    if (it != aliases_.end()) m.properties.topic_alias = it->second;
    if (it != aliases_.end() && !fresh) m.topic.clear();
    mqtt::write_packet(bytes, m, version_);
  } else if (answer && answer->reason == 0 && version_ == mqtt::version::v5) {
    auto a = *answer;
    a.properties.packet_bytes_max = std::uint32_t(core_->options.packet_bytes_max);
    if (core_->options.topic_alias_max > 0) a.properties.topic_alias_max = core_->options.topic_alias_max;
    mqtt::write_packet(bytes, a, version_);
  } else {
    mqtt::write_packet(bytes, p, version_);
  }
  if (bytes.size() > client_packet_bytes_max_) {
    if (fresh) aliases_.erase(message->topic);
    return false;
  }
  if (answer && answer->reason == 0) accepted_ = true;
  core_->counts.packets_sent.fetch_add(1, std::memory_order_relaxed);
  carrier_->send(bytes);
  return true;
}

void mqtt_connection::pause(bool paused) {
  if (paused_.exchange(paused) == paused || closing_) return;
  carrier_->pause(paused);
  if (paused) return;
  heard();  // while nothing was read, the silence was ours
  carrier_->post([self = shared_from_this()] { self->parse(); });
}

void mqtt_connection::close(std::uint8_t reason) {
  if (reason != 0 && accepted_ && version_ == mqtt::version::v5) send(mqtt::disconnect{reason, {}});
  if (closing_.exchange(true)) return;
  carrier_->pause(false);
  carrier_->finish();
}

void mqtt_connection::drop(std::uint8_t reason) {
  core_->counts.dropped.fetch_add(1, std::memory_order_relaxed);
  close(reason);
}

void mqtt_connection::check(steady_time now) {
  auto const& o = core_->options;
  if (carrier_->is_stuck(now)) {
    if (!closing_) core_->counts.dropped.fetch_add(1, std::memory_order_relaxed);
    return carrier_->abort();
  }
  if (closing_) return;
  auto const silent = now - steady_time(steady_time::duration(last_heard_.load()));
  if (!greeted_ && silent > o.connect_ms_max) return drop(0);
  // 3.1.1, 3.1.2.10: one and a half times as long as the client said.
  auto const keep_alive = std::chrono::milliseconds(1500 * keep_alive_s_.load());
  if (greeted_ && keep_alive.count() > 0 && !paused_ && silent > keep_alive) drop(keep_alive_timeout);
}

}  // namespace dos::net
