#include "ingest/lorawan/brokers.h"

#include <deque>
#include <iterator>

#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"
#include "devices/input_source.h"
#include "ingest/lorawan/network_server.h"
#include "kernel/city/city.h"
#include "net/mqtt_client.h"

namespace dos::lorawan {
namespace {

std::string source_of(broker_configuration const& b) { return "mqtt:" + b.name; }

std::string shown_url(http::url u) {
  u.user.clear();
  u.password.clear();
  return http::to_text(u);
}

}  // namespace

std::vector<std::string> usual_topics(network n) {
  if (n == network::chirpstack) return {"application/+/device/+/event/+"};
  if (n != network::things_stack) return {};  // what their topics are is set there
  return {"v3/+/devices/+/up",          "v3/+/devices/+/up/normalized",   "v3/+/devices/+/join",
          "v3/+/devices/+/down/queued", "v3/+/devices/+/down/ack",        "v3/+/devices/+/down/nack",
          "v3/+/devices/+/down/sent",   "v3/+/devices/+/down/failed",     "v3/+/devices/+/location/solved",
          "v3/+/devices/+/service/data"};
}

broker_configuration read_broker(json::value const& entry) {
  auto b = broker_configuration();
  b.city = text_in_entry(entry, "mqtt_sources", "city");
  b.name = text_in_entry(entry, "mqtt_sources", "name");
  b.url = http::parse_url(text_in_entry(entry, "mqtt_sources", "url"));
  require(b.url.scheme == "mqtt" || b.url.scheme == "mqtts", fault_kind::invalid,
          "mqtt_sources: url begins with mqtt:// or mqtts://", "url");
  if (auto const user = entry.text_or("user", ""); !user.empty()) b.url.user = user;
  if (auto const file = entry.text_or("password_file", ""); !file.empty())
    b.url.password = read_secret(std::string(file), "password_file");
  b.ca_file = entry.text_or("ca", "");
  b.client_id = entry.text_or("client_id", "dos-" + b.city + "-" + b.name);
  auto const network = parse_network(entry.text_or("network", ""));
  require(network.has_value(), fault_kind::invalid, "mqtt_sources: network is " + std::string(network_names), "network");
  b.network = *network;
  auto const provenance = parse_provenance(entry.text_or("provenance", "measured"));
  require(provenance.has_value(), fault_kind::invalid, "mqtt_sources: provenance is measured, recorded, simulated, forecast or entered", "provenance");
  b.provenance = *provenance;
  b.topics = usual_topics(b.network);
  if (auto const* topics = entry.find("topics")) {
    require(topics->is_array(), fault_kind::invalid, "mqtt_sources: topics is a list of texts", "topics");
    b.topics.clear();
    for (auto const& t : topics->as_array()) {
      require(t.is_string(), fault_kind::invalid, "mqtt_sources: topics is a list of texts", "topics");
      b.topics.emplace_back(t.as_string());
    }
  }
  require(!b.topics.empty(), fault_kind::invalid,
          "mqtt_sources: " + std::string(to_text(b.network)) + " has no topics of its own, so name them", "topics");
  return b;
}

std::string_view base_of_topic(network n, std::string_view topic) {
  auto const kind = n == network::chirpstack ? topic.rfind("/event/") : topic.find("/", topic.find("/devices/") + 9);
  return kind == topic.npos ? std::string_view() : topic.substr(0, kind);
}

std::string_view kind_in_topic(std::string_view topic) {
  auto const last = topic.rfind('/');
  return last == topic.npos ? topic : topic.substr(last + 1);
}

// Held by its own callbacks, so that a commit that comes after stop() finds it.
struct brokers::connection : std::enable_shared_from_this<brokers::connection> {
  connection(intake& in, broker_configuration c, std::shared_ptr<dos::city> home)
      : intake_(in), configured(std::move(c)), home(std::move(home)) {}

  struct waiting {
    message m;
    net::mqtt_client::acknowledge acknowledge;
  };

  void take(message m, net::mqtt_client::acknowledge acknowledge) {
    try {
      intake_.take(home, m, [self = shared_from_this(), m, acknowledge](fate const& f) {
        if (f.what == fate::kind::refused) return self->put_off({m, acknowledge}, f.refused->detail);
        acknowledge();
      });
    } catch (std::exception const& e) {
      put_off({std::move(m), std::move(acknowledge)}, e.what());
    }
  }

  // Not more than the broker hands out unacknowledged.
  void put_off(waiting w, std::string why) {
    auto const lock = std::lock_guard(mutex);
    put_off_.push_back(std::move(w));
    trouble = std::move(why);
  }

  void try_again() {
    auto again = std::deque<waiting>();
    {
      auto const lock = std::lock_guard(mutex);
      again.swap(put_off_);
      trouble.clear();
    }
    for (auto& w : again) take(std::move(w.m), std::move(w.acknowledge));
  }

  input_source describe() {
    auto const state = client->state();
    auto s = input_source{.id = source_of(configured),
                          .kind = "mqtt",
                          .name = configured.name,
                          .state = "waiting",
                          .url = shown_url(configured.url),
                          .error = {}};
    auto const lock = std::lock_guard(mutex);
    if (!state.connected) {
      s.state = "error";
      s.error = state.last_error.empty() ? "not connected yet" : state.last_error;
    } else if (!trouble.empty()) {
      s.state = "error";
      s.error = trouble;
    }
    return s;
  }

  intake& intake_;
  broker_configuration const configured;
  std::shared_ptr<dos::city> const home;
  std::mutex mutex;
  std::deque<waiting> put_off_;
  std::string trouble;
  std::string told;  // of the state, as last written
  std::unique_ptr<net::io_threads> threads;
  std::unique_ptr<net::mqtt_client> client;
};

brokers::brokers(node const& n, intake& in) : node_(n), intake_(in) {
  auto const* entries = n.configuration.find("mqtt_sources");
  if (!entries || !entries->is_array()) return;
  for (auto const& entry : entries->as_array()) configured_.push_back(read_broker(entry));
}

brokers::~brokers() { stop(); }

void brokers::start() {
  auto const lock = std::lock_guard(mutex_);
  for (auto const& b : configured_) {
    auto home = node_.find_city(b.city);
    require(home != nullptr, fault_kind::invalid, "mqtt_sources: there is no city " + b.city, "city");
    auto const c = std::make_shared<connection>(intake_, b, std::move(home));
    auto options = net::mqtt_client_options();
    options.broker = b.url;
    options.client_id = b.client_id;
    options.topics = b.topics;
    options.ca_file = b.ca_file;
    options.packet_bytes_max = message_bytes_max;
    c->threads = std::make_unique<net::io_threads>(1);
    c->client = std::make_unique<net::mqtt_client>(
        *c->threads, options, [c = c.get(), this](net::mqtt_message m, net::mqtt_client::acknowledge acknowledge) {
          c->take({.source = source_of(c->configured),
                   .network = c->configured.network,
                   .topic = std::string(kind_in_topic(m.topic)),
                   .topic_base = std::string(base_of_topic(c->configured.network, m.topic)),
                   .body = std::move(m.payload),
                   .received = node_.clock.now(),
                   .provenance = c->configured.provenance},
                  std::move(acknowledge));
        });
    auto const clients_lock = std::lock_guard(clients_mutex_);
    connections_.push_back(c);
  }
}

bool brokers::is_connected(std::string_view city, std::string_view source) const {
  auto const lock = std::lock_guard(clients_mutex_);
  auto const c = find(city, source);
  return c && c->client->state().connected;
}

bool brokers::has(std::string_view city, std::string_view source) const {
  auto const lock = std::lock_guard(clients_mutex_);
  return find(city, source) != nullptr;
}

void brokers::publish(std::string_view city, std::string_view source, broker_message m,
                      std::function<void(std::optional<fault>)> done) const {
  auto const lock = std::lock_guard(clients_mutex_);
  auto const c = find(city, source);
  if (!c) return done(fault(fault_kind::not_found, "there is no broker " + std::string(source)));
  auto packet = net::mqtt::publish();
  packet.topic = std::move(m.topic);
  packet.payload = std::move(m.payload);
  // The Things Stack takes quality of service 0 alone.
  packet.qos = c->configured.network == network::things_stack ? 0 : 1;
  try {
    c->client->publish(std::move(packet), done);
  } catch (fault const& f) {
    done(f);
  }
}

std::shared_ptr<brokers::connection> brokers::find(std::string_view city, std::string_view source) const {
  for (auto const& c : connections_) {
    if (c->configured.city == city && source_of(c->configured) == source) return c;
  }
  return nullptr;
}

void brokers::stop() {
  auto const lock = std::scoped_lock(mutex_, clients_mutex_);
  for (auto const& c : connections_) {
    c->client.reset();
    c->threads.reset();
  }
  connections_.clear();
}

void brokers::look_after() {
  auto const lock = std::lock_guard(mutex_);
  for (auto const& c : connections_) {
    try {
      look_after(*c);
    } catch (std::exception const& e) {  // the next second; others are not held up by it
      log::warning("a broker could not be looked after", {{"source", source_of(c->configured)}, {"reason", e.what()}});
    }
  }
}

void brokers::look_after(connection& c) {
  c.try_again();
  auto const now = c.describe();
  auto const told = now.state + now.error;
  if (told == c.told) return;
  node_.as_input(c.home, now.id).apply([&](transaction& t) {
    auto s = now;
    if (auto const before = t.find_record(input_source_collection, now.id)) {
      s.last_received = read_input_source(*before).last_received;
      if (s.state == "waiting" && s.last_received != no_time) s.state = "ok";
    }
    t.put_record(input_source_collection, s.id, to_json(s));
  });
  c.told = told;
}

}  // namespace dos::lorawan
