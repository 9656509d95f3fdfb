#include "net/mqtt_client.h"

#include <algorithm>
#include <future>

#include "net/mqtt_client_core.h"

namespace dos::net {
namespace {

// MQTT 3.1.1, table 3.1, and MQTT 5.0, 3.2.2.2
std::string refusal(std::uint8_t reason) {
  switch (reason) {
    case 1:
    case 0x84:
      return "the broker does not speak this version of MQTT";
    case 2:
    case 0x85:
      return "the broker does not accept this client id";
    case 3:
    case 0x88:
      return "the broker is not available";
    case 4:
    case 0x86:
      return "the broker does not accept this user and password";
    case 5:
    case 0x87:
      return "the broker does not entitle us";
    default:
      return "the broker refuses with reason " + std::to_string(reason);
  }
}

}  // namespace

void mqtt_client::core::set_state(bool connected, std::string error) {
  auto const lock = std::lock_guard(state_mutex);
  if (connected != state.connected || state.since == std::chrono::system_clock::time_point())
    state.since = std::chrono::system_clock::now();
  state.connected = connected;
  state.connections += connected;
  if (!error.empty()) state.last_error = std::move(error);
}

void mqtt_client::core::take(std::shared_ptr<link> const& l, mqtt::packet p) {
  if (auto const c = std::get_if<mqtt::connack>(&p)) return take_connack(l, *c);
  if (auto const s = std::get_if<mqtt::suback>(&p)) return take_suback(l, *s);
  if (auto const m = std::get_if<mqtt::publish>(&p)) return take_message(l, std::move(*m));
  if (auto const a = std::get_if<mqtt::ack>(&p)) return take_ack(l, *a);
  if (std::holds_alternative<mqtt::ping_response>(p)) return;
  if (auto const d = std::get_if<mqtt::disconnect>(&p))
    return lost(l, "the broker says good-bye with reason " + std::to_string(d->reason));
  throw fault(fault_kind::malformed, "the broker sends what only clients send");
}

void mqtt_client::core::take_connack(std::shared_ptr<link> const& l, mqtt::connack const& c) {
  if (c.reason != 0) return lost(l, refusal(c.reason));
  keep_alive_s = c.properties.server_keep_alive_s.value_or(keep_alive_s);
  // Subscribed each time, also to a session that the broker kept: the topics may have changed since.
  if (options.topics.empty()) return ready(l);
  auto s = mqtt::subscribe{.id = 0xffff, .subscriptions = {}};
  for (auto const& topic : options.topics) {
    // Retain handling 1: what is retained comes with a new subscription only. Version 3.1.1 has no such choice.
    s.subscriptions.push_back({.filter = topic, .qos = 1, .retain_handling = 1});
  }
  write(l, s);
}

void mqtt_client::core::take_suback(std::shared_ptr<link> const& l, mqtt::suback const& s) {
  for (auto i = std::size_t{0}; i < s.reasons.size() && i < options.topics.size(); ++i) {
    if (s.reasons[i] >= 0x80) return lost(l, "the broker refuses the topic " + options.topics[i]);
  }
  ready(l);
}

void mqtt_client::core::ready(std::shared_ptr<link> const& l) {
  l->is_ready = true;
  retry_ms = options.retry_ms_min;
  set_state(true, {});
  watch(l);
  for (auto const id : std::vector(order.begin(), order.end())) send_waiting(l, id);
}

void mqtt_client::core::send_waiting(std::shared_ptr<link> const& l, std::uint16_t id) {
  auto& u = outgoing.at(id);
  if (u.is_received) return write(l, mqtt::ack{mqtt::ack_kind::pubrel, id, 0});
  if (u.message.qos > 0) {
    write(l, u.message);
    u.message.repeated = true;
    return;
  }
  auto const message = u.message;
  l->sent_with.push_back(std::move(u.done));
  outgoing.erase(id);
  std::erase(order, id);
  write(l, message);
}

void mqtt_client::core::finish(std::uint16_t id, std::optional<fault> result) {
  auto const it = outgoing.find(id);
  if (it == outgoing.end()) return;
  auto const done = std::move(it->second.done);
  outgoing.erase(it);
  std::erase(order, id);
  if (!result) {
    auto const lock = std::lock_guard(state_mutex);
    ++state.published;
  }
  done(std::move(result));
}

void mqtt_client::core::give_up_all(fault const& reason) {
  order.clear();
  for (auto& [id, u] : std::exchange(outgoing, {})) u.done(reason);
}

void mqtt_client::core::take_message(std::shared_ptr<link> const& l, mqtt::publish m) {
  require(!m.topic.empty(), fault_kind::malformed, "the broker uses topic aliases that we did not offer");
  auto const number = l->first_owed + l->owed_acks.size();
  // A session may still hold messages of an earlier subscription with QoS 2. 4.3.3, method A
  if (m.qos > 0) l->owed_acks.push_back({m.id, m.qos == 1 ? mqtt::ack_kind::puback : mqtt::ack_kind::pubrec});
  {
    auto const lock = std::lock_guard(state_mutex);
    ++state.received;
  }
  auto acknowledge = mqtt_client::acknowledge([] {});
  if (m.qos > 0)
    acknowledge = [weak = weak_from_this(), io = lane, weak_link = std::weak_ptr(l), number] {
      asio::post(io->context, [weak, weak_link, number] {
        auto const self = weak.lock();
        auto const link = weak_link.lock();
        if (self && link && self->current == link) self->acknowledge_one(link, number);
      });
    };
  on_message({.topic = std::move(m.topic),
              .payload = std::move(m.payload),
              .retained = m.retain,
              .repeated = m.repeated,
              .content_type = std::move(m.properties.content_type),
              .user_properties = std::move(m.properties.user)},
             std::move(acknowledge));
}

void mqtt_client::core::acknowledge_one(std::shared_ptr<link> const& l, std::uint64_t number) {
  if (number < l->first_owed) return;
  l->owed_acks[number - l->first_owed].done = true;
  auto sent = std::uint64_t{0};
  for (; !l->owed_acks.empty() && l->owed_acks.front().done; ++sent, ++l->first_owed) {
    write(l, mqtt::ack{l->owed_acks.front().kind, l->owed_acks.front().id, 0});
    l->owed_acks.pop_front();
  }
  {
    auto const lock = std::lock_guard(state_mutex);
    state.acknowledged += sent;
  }
  if (sent > 0 && !l->is_reading) parse(l);
}

void mqtt_client::core::take_ack(std::shared_ptr<link> const& l, mqtt::ack const& a) {
  if (a.kind == mqtt::ack_kind::pubrel) return write(l, mqtt::ack{mqtt::ack_kind::pubcomp, a.id, 0});
  auto const it = outgoing.find(a.id);
  if (a.kind == mqtt::ack_kind::pubrec && a.reason < 0x80) {
    if (it != outgoing.end()) it->second.is_received = true;
    return write(l, mqtt::ack{mqtt::ack_kind::pubrel, a.id, 0});
  }
  if (it == outgoing.end()) return;
  // What releases a message that the broker has forgotten, has done its work. 4.3.3
  if (a.reason >= 0x80 && a.kind != mqtt::ack_kind::pubcomp)
    return finish(a.id, fault(fault_kind::forbidden, refusal(a.reason)));
  auto const last = it->second.message.qos == 2 ? mqtt::ack_kind::pubcomp : mqtt::ack_kind::puback;
  if (a.kind == last) finish(a.id, std::nullopt);
}

void mqtt_client::core::publish(mqtt::publish message, published done) {
  if (stopped) return done(fault(fault_kind::unavailable, "the server stops"));
  if (!mqtt::is_topic(message.topic) || message.topic.size() > 65'535)
    return done(fault(fault_kind::invalid, "a topic without wildcards is expected", "topic"));
  auto const is_ready = current && current->is_ready;
  auto const may_wait = options.publish_ms_max.count() > 0;
  if (message.qos == 0 && (is_ready || !may_wait)) {
    if (!is_ready) return done(fault(fault_kind::unavailable, "there is no connection to the broker"));
    if (current->sent_with.size() >= options.unsent_max)
      return done(fault(fault_kind::too_many, "too many messages wait for the broker"));
    current->sent_with.push_back(std::move(done));
    return write(current, message);
  }
  if (order.size() >= std::min<std::size_t>(options.unsent_max, 60'000))
    return done(fault(fault_kind::too_many, "too many messages wait for the broker"));
  auto const id = [&] {
    do {
      next_id = next_id >= 0xfffe ? 1 : next_id + 1;  // 0xffff is the subscription's
    } while (outgoing.contains(next_id));
    return next_id;
  }();
  if (message.qos > 0) message.id = id;
  order.push_back(id);
  auto& kept = outgoing[id] = {std::move(message), std::move(done)};
  if (may_wait) {
    kept.deadline = std::make_shared<asio::steady_timer>(lane->context, options.publish_ms_max);
    kept.deadline->async_wait([weak = weak_from_this(), id](error_code error) {
      auto const self = weak.lock();
      if (self && !error)
        self->finish(id, fault(fault_kind::unavailable, "the broker did not take the message in time"));
    });
  }
  if (is_ready) send_waiting(current, id);
}

void mqtt_client::core::stop() {
  stopped = true;
  timer.cancel();
  if (auto const l = current) {
    // A good-bye if it can be said at once; the session and what is unacknowledged stay with the broker either way.
    auto bye = std::string();
    mqtt::write_packet(bye, mqtt::disconnect(), options.version);
    auto ignored = error_code();
    if (l->is_ready && !l->is_writing && !l->tls) l->socket.write_some(asio::buffer(bye), ignored);
    lost(l, {});
  }
  give_up_all(fault(fault_kind::unavailable, "the server stops"));
  on_message = nullptr;
}

mqtt_client::mqtt_client(io_threads& io, mqtt_client_options options, message_handler on_message) {
  require(options.broker.scheme.starts_with("mqtt"), fault_kind::invalid, "mqtt:// or mqtts:// is expected", "broker");
  require(!options.client_id.empty(), fault_kind::invalid, "a client id is needed for a lasting session", "client_id");
  for (auto const& topic : options.topics)
    require(mqtt::is_topic_filter(topic), fault_kind::invalid, "no MQTT topic filter: " + topic, "topics");
  core_ = std::make_shared<core>(io.get().next_lane(), std::move(options), std::move(on_message));
  core_->set_state(false, {});
  asio::post(core_->lane->context, [c = core_] { c->connect(); });
}

mqtt_client::~mqtt_client() {
  if (!core_) return;
  auto stopped = std::promise<void>();
  asio::post(core_->lane->context, [&] {
    core_->stop();
    stopped.set_value();
  });
  stopped.get_future().wait();
}

void mqtt_client::publish(mqtt::publish message, published done) {
  if (!done) done = [](auto const&) {};
  asio::post(core_->lane->context, [c = core_, message = std::move(message), done = std::move(done)]() mutable {
    c->publish(std::move(message), std::move(done));
  });
}

mqtt_client_state mqtt_client::state() const {
  auto const lock = std::lock_guard(core_->state_mutex);
  return core_->state;
}

}  // namespace dos::net
