#include "standard/mqtt/mqtt.h"

#include "base/log.h"
#include "kernel/city/city.h"
#include "standard/mqtt/broker.h"

namespace dos::broker {
namespace {

using namespace std::chrono_literals;

struct running {
  std::shared_ptr<listener> all = std::make_shared<listener>();
  std::unique_ptr<net::io_threads> threads;
  std::unique_ptr<net::mqtt_server> server;

  void start() {
    for (auto const& [city, b] : all->brokers) b->start();
    threads = std::make_unique<net::io_threads>(2);
    server = std::make_unique<net::mqtt_server>(*threads, all->settings.server, [l = all](std::shared_ptr<net::mqtt_peer> p) {
      return std::make_shared<client>(l, std::move(p));
    });
    auto said = json::object();
    if (auto const p = server->port()) said.push("port", int(*p));
    if (auto const p = server->tls_port()) said.push("tls_port", int(*p));
    if (!said.empty()) log::info("listening for MQTT", std::move(said));
    if (all->settings.anonymous != role::anonymous)
      log::warning("MQTT clients without a token have this role. For closed networks and tests only.",
                   {{"role", to_text(all->settings.anonymous)}});
  }
  void stop() {
    for (auto const& [city, b] : all->brokers) b->stop();
    if (server) server->stop();
    server.reset();
    threads.reset();
  }
  std::string metrics() const {
    if (!server) return {};
    auto const s = server->counts();
    auto out = std::string();
    auto const line = [&](std::string const& name, std::string const& labels, std::uint64_t n) {
      out += "dos_mqtt_" + name + labels + ' ' + std::to_string(n) + '\n';
    };
    line("connections_open", "", s.connections_open);
    line("connections_accepted_total", "", s.connections_accepted);
    line("connections_refused_total", "", s.connections_refused);
    line("connections_dropped_total", "", s.connections_dropped);
    line("packets_received_total", "", s.packets_received);
    line("packets_sent_total", "", s.packets_sent);
    for (auto const& [city, b] : all->brokers) {
      auto const c = b->counts();
      auto const of_city = "{city=\"" + city + "\"}";
      line("clients", of_city, c.connected);
      line("sessions", of_city, c.sessions);
      line("messages_waiting", of_city, c.queued);
      line("topics_retained", of_city, c.retained);
      line("retained_bytes", of_city, c.retained_bytes);
      line("messages_bytes", of_city, c.messages_bytes);
      line("messages_received_total", of_city, c.received);
      line("messages_sent_total", of_city, c.sent);
      line("messages_refused_total", of_city, c.refused);
      line("messages_overflowed_total", of_city, c.overflowed);
      line("messages_dropped_qos_0_total", of_city, c.dropped_qos_0);
    }
    return out;
  }
};

}  // namespace

offer offer_mqtt(node const& n, std::vector<offer> const& others) {
  auto const r = std::make_shared<running>();
  r->all->n = &n;
  r->all->settings = read_settings(n.configuration);
  for (auto const& o : others) r->all->spaces.insert(r->all->spaces.end(), o.topic_spaces.begin(), o.topic_spaces.end());
  for (auto const& c : n.cities) {
    for (auto const collection : {message_collection, delivery_collection, received_collection, retained_collection})
      c->let_devices_note(collection);
  }
  for (auto const& c : n.cities) r->all->brokers[c->id()] = std::make_shared<city_broker>(*r->all, c);
  auto o = offer();
  o.name = "mqtt";
  o.node_routes.push_back({"GET", "/mqtt", need::own,
                           [r](http::request request, http::reply answer) { answer(r->server->accept(request)); },
                           thread_use::quick});
  o.jobs.push_back({.name = "mqtt", .every = 200ms, .run = [r] {
                      for (auto const& [city, b] : r->all->brokers) b->tick();
                    }});
  o.metrics = [r] { return r->metrics(); };
  o.start = [r] { r->start(); };
  o.stop = [r] { r->stop(); };
  return o;
}

}  // namespace dos::broker
