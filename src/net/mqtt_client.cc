#include "net/mqtt_client.h"

#include <algorithm>
#include <deque>
#include <future>
#include <map>
#include <mutex>

#include "base/log.h"
#include "net/http_parser.h"

namespace dos::net {
namespace {

asio::ssl::context mqtt_tls(mqtt_client_options const& o) {
  auto context = asio::ssl::context(asio::ssl::context::tls_client);
  auto error = error_code();
  if (o.ca_file.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.load_verify_file(o.ca_file, error);
  }
  require(!error, fault_kind::invalid, "the certificates to trust cannot be read: " + o.ca_file);
  context.set_verify_mode(asio::ssl::verify_peer);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  return context;
}

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

// Lives on one lane. Each attempt to connect is a new `link`; what comes from an older one is ignored.
struct mqtt_client::core : std::enable_shared_from_this<core> {
  struct link : std::enable_shared_from_this<link> {
    explicit link(asio::io_context& io) : resolver(io), socket(io) {}

    tcp::resolver resolver;
    tcp::socket socket;
    std::optional<asio::ssl::stream<tcp::socket&>> tls;
    input_buffer in;
    std::string writing;
    std::string out;
    bool is_writing = false;
    bool is_reading = false;
    bool is_ready = false;                // CONNACK and SUBACK have come
    std::vector<published> sent_with;     // QoS 0 messages in `out`,
    std::vector<published> written_with;  // and in `writing`
    // Messages that the broker waits to hear of, oldest first.
    struct owed {
      std::uint16_t id;
      mqtt::ack_kind kind;
      bool done = false;
    };
    std::deque<owed> owed_acks;
    std::uint64_t first_owed = 0;  // number of owed_acks.front(), counted since the connection
  };
  struct unsent {
    mqtt::publish message;
    published done;
    bool is_received = false;  // by the broker, in quality of service 2; what is left is to release it. 4.3.3
    std::shared_ptr<asio::steady_timer> deadline = {};
  };

  core(std::shared_ptr<net::lane> l, mqtt_client_options o, message_handler h)
      : lane(std::move(l)),
        options(std::move(o)),
        on_message(std::move(h)),
        tls(mqtt_tls(options)),
        timer(lane->context),
        retry_ms(options.retry_ms_min) {}

  void connect();
  void connect_to(std::shared_ptr<link> l, std::vector<tcp::endpoint> endpoints, std::size_t i);
  void greet(std::shared_ptr<link> const& l);
  void lost(std::shared_ptr<link> const& l, std::string reason);
  void read(std::shared_ptr<link> const& l);
  void parse(std::shared_ptr<link> const& l);
  void take(std::shared_ptr<link> const& l, mqtt::packet p);
  void take_connack(std::shared_ptr<link> const& l, mqtt::connack const& c);
  void take_suback(std::shared_ptr<link> const& l, mqtt::suback const& s);
  void take_message(std::shared_ptr<link> const& l, mqtt::publish m);
  void take_ack(std::shared_ptr<link> const& l, mqtt::ack const& a);
  void acknowledge_one(std::shared_ptr<link> const& l, std::uint64_t number);
  void ready(std::shared_ptr<link> const& l);
  void write(std::shared_ptr<link> const& l, mqtt::packet const& p);
  void flush(std::shared_ptr<link> const& l);
  void watch(std::shared_ptr<link> const& l);
  void publish(mqtt::publish message, published done);
  void send_waiting(std::shared_ptr<link> const& l, std::uint16_t id);
  void finish(std::uint16_t id, std::optional<fault> result);
  void give_up_all(fault const& reason);
  void stop();
  void set_state(bool connected, std::string error);

  template <typename Then>
  auto still(std::shared_ptr<link> const& l, Then then) {  // runs `then` only while this link is the present one
    return [self = shared_from_this(), l, then](error_code error, auto&&... rest) {
      if (self->current == l) then(error, std::forward<decltype(rest)>(rest)...);
    };
  }

  std::shared_ptr<net::lane> lane;
  mqtt_client_options options;
  message_handler on_message;
  asio::ssl::context tls;
  asio::steady_timer timer;  // connecting, then keeping alive, then waiting for the next attempt
  std::chrono::milliseconds retry_ms;
  std::shared_ptr<link> current;
  steady_time last_heard{};
  std::uint16_t keep_alive_s = 0;
  std::uint16_t next_id = 1;
  std::map<std::uint16_t, unsent> outgoing;  // until acknowledged, or sent where QoS 0 waits for a connection
  std::deque<std::uint16_t> order;           // their ids in the order of publication
  bool stopped = false;

  std::mutex mutable state_mutex;
  mqtt_client_state state;
};

void mqtt_client::core::set_state(bool connected, std::string error) {
  auto const lock = std::lock_guard(state_mutex);
  if (connected != state.connected || state.since == std::chrono::system_clock::time_point())
    state.since = std::chrono::system_clock::now();
  state.connected = connected;
  state.connections += connected;
  if (!error.empty()) state.last_error = std::move(error);
}

void mqtt_client::core::connect() {
  if (stopped) return;
  auto const l = current = std::make_shared<link>(lane->context);
  timer.expires_after(options.connect_ms_max);
  timer.async_wait(still(l, [this, l](error_code error) {
    if (!error && !l->is_ready) lost(l, "the broker did not answer in time");
  }));
  l->resolver.async_resolve(options.broker.host, std::to_string(options.broker.port),
                            still(l, [this, l](error_code error, tcp::resolver::results_type const& results) {
                              if (error)
                                return lost(l, "the name of the broker cannot be resolved: " + error.message());
                              auto endpoints = std::vector<tcp::endpoint>();
                              for (auto const& r : results) {
                                if (!options.may_reach || options.may_reach(to_ip(r.endpoint().address())))
                                  endpoints.push_back(r.endpoint());
                              }
                              if (endpoints.empty())
                                return lost(l, "addresses within private networks are not allowed");
                              connect_to(l, std::move(endpoints), 0);
                            }));
}

void mqtt_client::core::connect_to(std::shared_ptr<link> l, std::vector<tcp::endpoint> endpoints, std::size_t i) {
  auto ignored = error_code();
  l->socket.close(ignored);
  auto const endpoint = endpoints[i];
  l->socket.async_connect(endpoint, still(l, [this, l, endpoints = std::move(endpoints), i](error_code error) {
                            if (error && i + 1 < endpoints.size()) return connect_to(l, endpoints, i + 1);
                            if (error) return lost(l, "cannot connect: " + error.message());
                            auto no_matter = error_code();
                            l->socket.set_option(tcp::no_delay(true), no_matter);
                            if (!http::is_tls(options.broker)) return greet(l);
                            l->tls.emplace(l->socket, tls);
                            auto const& host = options.broker.host;
                            if (!parse_ip(host)) SSL_set_tlsext_host_name(l->tls->native_handle(), host.c_str());
                            l->tls->set_verify_callback(asio::ssl::host_name_verification(host));
                            l->tls->async_handshake(asio::ssl::stream_base::client, still(l, [this, l](error_code e) {
                                                      if (e)
                                                        return lost(l, "no trusted TLS connection: " + e.message());
                                                      greet(l);
                                                    }));
                          }));
}

void mqtt_client::core::greet(std::shared_ptr<link> const& l) {
  auto c = mqtt::connect();
  c.version = options.version;
  c.client_id = options.client_id;
  c.clean_start = options.clean_start;
  c.keep_alive_s = keep_alive_s = options.keep_alive_s;
  if (!options.broker.user.empty()) c.user = options.broker.user;
  if (!options.broker.password.empty()) c.password = options.broker.password;
  if (options.version == mqtt::version::v5) {
    if (!options.clean_start) c.properties.session_expiry_s = 0xffff'ffff;  // never
    c.properties.receive_max = std::uint16_t(std::clamp<std::size_t>(options.unacknowledged_max, 1, 65'535));
    c.properties.packet_bytes_max = std::uint32_t(options.packet_bytes_max);
  }
  write(l, c);
  read(l);
}

void mqtt_client::core::lost(std::shared_ptr<link> const& l, std::string reason) {
  if (current != l) return;
  current.reset();
  auto ignored = error_code();
  l->resolver.cancel();
  l->socket.close(ignored);
  for (auto const* waiting : {&l->written_with, &l->sent_with}) {
    for (auto const& done : *waiting) done(fault(fault_kind::unavailable, "the connection to the broker ended"));
  }
  if (stopped) return;
  if (options.publish_ms_max.count() > 0) give_up_all(fault(fault_kind::unavailable, reason));
  log::warning("no connection to an MQTT broker", {{"broker", http::authority(options.broker)}, {"reason", reason}});
  set_state(false, std::move(reason));
  timer.expires_after(retry_ms);
  retry_ms = std::min(retry_ms * 2, options.retry_ms_max);
  timer.async_wait([self = shared_from_this()](error_code error) {
    if (!error && !self->current) self->connect();
  });
}

void mqtt_client::core::read(std::shared_ptr<link> const& l) {
  if (l->is_reading || l->owed_acks.size() >= options.unacknowledged_max) return;
  l->is_reading = true;
  auto then = still(l, [this, l](error_code error, std::size_t n) {
    l->is_reading = false;
    if (error) return lost(l, "the connection ended: " + error.message());
    last_heard = std::chrono::steady_clock::now();
    l->in.commit(n);
    parse(l);
  });
  if (l->tls) {
    l->tls->async_read_some(l->in.prepare(16 * 1024), std::move(then));
  } else {
    l->socket.async_read_some(l->in.prepare(16 * 1024), std::move(then));
  }
}

void mqtt_client::core::parse(std::shared_ptr<link> const& l) {
  try {
    while (current == l && l->owed_acks.size() < options.unacknowledged_max) {
      auto next = mqtt::parse_packet(l->in.view(), options.version, options.packet_bytes_max);
      if (!next) break;
      l->in.consume(next->bytes);
      take(l, std::move(next->packet));
    }
  } catch (fault const& f) {
    return lost(l, f.detail);
  }
  if (current == l) read(l);
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

// Sends a ping whenever a third of the time has passed and gives up when nothing was heard for one and a half.
void mqtt_client::core::watch(std::shared_ptr<link> const& l) {
  if (keep_alive_s == 0) return;
  timer.expires_after(std::chrono::milliseconds(1000 * keep_alive_s / 3));
  timer.async_wait(still(l, [this, l](error_code error) {
    if (error) return;
    // While we do not read, because too much is unacknowledged, silence is our own.
    auto const silent = std::chrono::steady_clock::now() - last_heard;
    if (l->is_reading && silent > std::chrono::milliseconds(1500 * keep_alive_s))
      return lost(l, "the broker fell silent");
    write(l, mqtt::ping_request());
    watch(l);
  }));
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
  if (a.reason >= 0x80 && a.kind != mqtt::ack_kind::pubcomp) return finish(a.id, fault(fault_kind::forbidden, refusal(a.reason)));
  auto const last = it->second.message.qos == 2 ? mqtt::ack_kind::pubcomp : mqtt::ack_kind::puback;
  if (a.kind == last) finish(a.id, std::nullopt);
}

void mqtt_client::core::write(std::shared_ptr<link> const& l, mqtt::packet const& p) {
  mqtt::write_packet(l->out, p, options.version);
  flush(l);
}

void mqtt_client::core::flush(std::shared_ptr<link> const& l) {
  if (l->is_writing || l->out.empty()) return;
  l->is_writing = true;
  std::swap(l->writing, l->out);
  l->out.clear();
  l->written_with = std::exchange(l->sent_with, {});
  auto then = still(l, [this, l](error_code error, std::size_t) {
    l->is_writing = false;
    if (error) return lost(l, "the connection ended: " + error.message());
    for (auto const& done : std::exchange(l->written_with, {})) done(std::nullopt);
    flush(l);
  });
  if (l->tls) {
    asio::async_write(*l->tls, asio::buffer(l->writing), std::move(then));
  } else {
    asio::async_write(l->socket, asio::buffer(l->writing), std::move(then));
  }
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
      if (self && !error) self->finish(id, fault(fault_kind::unavailable, "the broker did not take the message in time"));
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
