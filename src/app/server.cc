#include "app/server.h"

#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

#include "app/answer_headers.h"
#include "app/clock_door.h"
#include "app/data_directory.h"
#include "app/diagnostics.h"
#include "app/edge.h"
#include "app/other_origins.h"
#include "app/running_server.h"
#include "app/sign_in.h"
#include "app/tokens.h"
#include "app/wiring.h"
#include "app/workers.h"
#include "base/log.h"
#include "http/url.h"
#include "kernel/access/token.h"
#include "kernel/city/city.h"
#include "net/address.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/mqtt_publisher.h"

namespace dos::app {
namespace {

std::vector<std::string> texts(json::value const& list) {
  auto all = std::vector<std::string>();
  if (!list.is_array()) return all;
  for (auto const& item : list.as_array()) all.emplace_back(item.as_string());
  return all;
}

bool is_loopback(std::string_view address) {
  auto const all = net::addresses_in(address);
  return !all.empty() && std::all_of(all.begin(), all.end(), net::is_loopback);
}

net::http_client_options client_options(json::value const& c) {
  auto o = net::http_client_options();
  auto const& allowed = *c.find("allow_private_addresses");
  o.allow_private_addresses = allowed.is_bool() && allowed.as_bool();
  o.allowed_ranges = texts(allowed);
  o.ca_file = c.text_or("outbound_ca", {});
  o.proxy = c.text_or("outbound_proxy", {});
  return o;
}

// The contract's view of the client: modules neither know sockets nor can go round the guard.
outbound over(net::http_client& client) {
  return [&client](outbound_request r, std::function<void(outbound_response)> done) {
    auto request = net::outbound_request();
    try {
      request.url = http::parse_url(r.url);
    } catch (fault const& f) {
      return done({.status = 0, .headers = {}, .body = {}, .error = f.detail, .too_large = false});
    }
    request.method = std::move(r.method);
    request.headers = std::move(r.headers);
    request.body = std::move(r.body);
    request.timeout = r.timeout;
    request.response_bytes_max = r.response_bytes_max;
    request.redirects_max = r.redirects_max;
    client.send(std::move(request), [done = std::move(done)](net::outbound_result result) {
      if (auto* const f = std::get_if<fault>(&result)) {
        return done({.status = 0, .headers = {}, .body = {}, .error = f->detail, .too_large = f->kind == fault_kind::too_large});
      }
      auto& answer = std::get<http::response>(result);
      done({.status = answer.status, .headers = std::move(answer.headers), .body = std::move(answer.body), .error = {}, .too_large = false});
    });
  };
}

net::mqtt_publisher_options publisher_options(json::value const& c) {
  auto const like = client_options(c);
  auto o = net::mqtt_publisher_options();
  o.allow_private_addresses = like.allow_private_addresses;
  o.allowed_ranges = like.allowed_ranges;
  o.ca_file = like.ca_file;
  return o;
}

outbound_mqtt over(net::mqtt_publisher& publisher) {
  return [&publisher](outbound_message m, std::function<void(std::string error)> done) {
    auto broker = http::url();
    try {
      broker = http::parse_url(m.broker);
    } catch (fault const& f) {
      return done(f.detail);
    }
    auto message = net::mqtt::publish();
    message.topic = std::move(m.topic);
    message.payload = std::move(m.payload);
    message.qos = std::uint8_t(m.qos);
    if (m.is_version_5) message.properties.content_type = std::move(m.content_type);
    publisher.publish(broker, m.is_version_5 ? net::mqtt::version::v5 : net::mqtt::version::v3_1_1, std::move(message),
                      [done = std::move(done)](std::optional<fault> f) { done(f ? f->detail : std::string()); });
  };
}

work_budget::limits budget_from(json::value const& c) {
  return {.time_max = std::chrono::milliseconds(c.find("request_processor_ms_max")->as_int()),
          .answer_bytes_max = std::size_t(c.find("answer_bytes_max")->as_int())};
}

city_options city_options_from(json::value const& c) {
  auto o = city_options();
  o.log_retention_us = c.find("log_days")->as_int() * 86'400 * us_per_second;
  o.history_retention_us = c.find("history_days")->as_int() * 86'400 * us_per_second;
  o.future_us_max = c.find("time_future_max_s")->as_int() * us_per_second;
  for (auto const& m : c.find("time_future_max_s_of")->as_object()) o.future_us_max_of[m.key] = m.value.as_int() * us_per_second;
  return o;
}

void add_cities(data_directory& data, options const& o, std::string const& resources) {
  if (!o.city.empty()) return data.add_city(o.city);
  if (!data.cities().empty()) return;
  for (auto const* const id : {"dortmund", "schwerte"}) data.add_city(resources + "/cities/" + id + ".yaml");
}

net::http_server_options listening(options const& o, json::value const& configuration) {
  auto s = net::http_server_options();
  s.address = o.address;
  s.port = std::uint16_t(o.port);
  s.certificate_file = configuration.text_or("tls_certificate", {});
  s.key_file = configuration.text_or("tls_key", {});
  s.trusted_proxies = texts(*configuration.find("trusted_proxies"));
  s.body_bytes_max = std::size_t(configuration.find("body_bytes_max")->as_int());
  s.bodies_bytes_max = std::size_t(configuration.find("bodies_bytes_max")->as_int());
  s.bodies_bytes_per_peer_max = s.bodies_bytes_max / 2;
  return s;
}

void wait_for_the_end() {
  auto set = sigset_t();
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  auto received = 0;
  sigwait(&set, &received);
}

// Threads inherit the mask: the signals reach wait_for_the_end alone. A peer that hangs up must not end the program.
void mask_signals() {
  auto set = sigset_t();
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

void serve(options const& o) {
  mask_signals();
  if (o.anonymous && !is_loopback(o.address)) {
    throw fault(fault_kind::invalid, "--anonymous opens everything to everybody and is for tests: only with --address 127.0.0.1");
  }
  require(!o.test_clock || is_loopback(o.address), fault_kind::invalid,
          "--test-clock lets everybody turn the clock and is for tests: only with --address 127.0.0.1");
  auto configuration = read_configuration(o.config);
  auto& mqtt = configuration.find("mqtt")->as_object();
  if (o.mqtt_port) mqtt["port"] = *o.mqtt_port;
  if (!mqtt.find("address")) mqtt["address"] = o.address;
  auto const resources = resources_directory();
  auto data = data_directory(o.data, o.keys);
  data.lock();
  add_cities(data, o, resources);
  auto const key = data.token_key();
  auto const of_system = system_clock();
  auto by_hand = test_clock();
  if (o.test_clock) by_hand.set(*o.test_clock);
  dos::clock const& clock = o.test_clock ? static_cast<dos::clock const&>(by_hand) : of_system;

  auto io = net::io_threads(2);
  auto client = net::http_client(io, client_options(configuration));
  auto publisher = net::mqtt_publisher(io, publisher_options(configuration));
  auto n = node{.clock = clock,
                .outbound = over(client),
                .outbound_mqtt = over(publisher),
                .cities = {},
                .profiles = {},
                .configuration = configuration,
                .public_url = {},
                .data_directory = data.path(),
                .resources_directory = resources,
                .version = version,
                .demo = o.demo,
                .render_entity = {},
                .keys = data.open_vault(),
                .request = {},
                .identify = {}};
  for (auto& profile : data.cities()) {
    auto options = city_options_from(configuration);
    options.clock_is_set_by_hand = o.test_clock.has_value();
    n.cities.push_back(city::open(profile.id, data.city_path(profile.id), clock, std::move(options)));
    n.profiles.push_back(std::move(profile));
  }
  // Listens now, so that the port is known to those who are told our address; answers when everything runs.
  auto server = net::http_server(io, listening(o, configuration));
  n.public_url = configuration.text_or("public_url", {});
  if (n.public_url.empty()) n.public_url = "http://localhost:" + std::to_string(server.port());

  auto pool = workers(4);
  auto const budget = budget_from(configuration);
  auto door = edge(n, pool, {key, o.anonymous.value_or(role::anonymous), std::size_t(configuration.find("body_bytes_max")->as_int()),
                                        std::uint32_t(configuration.find("names_per_source_max")->as_int()), budget});
  n.request = [&door, &key, &clock](std::string const& as, http::request r, http::reply answer) {
    if (!r.headers.contains("Authorization")) {
      auto const now = clock.now();
      auto const t = token{.id = as, .city = "*", .role = role::admin, .name = as, .issued_at = now, .expires_at = now + 60 * us_per_second};
      r.headers.set("Authorization", "Bearer " + sign(t, key));
    }
    door(std::move(r), std::move(answer));
  };
  n.identify = [&door](std::string_view token, std::string const& to, std::string const& peer) { return door.identify(token, to, peer); };
  n.on_worker = [&pool, budget](std::string const& peer, std::string const& source, std::function<void()> work) {
    // Without a peer the source says where it is: http/192.0.2.7
    auto const address = peer.empty() ? source.substr(source.find('/') + 1) : peer;
    pool.push(net::shared_address(address), source, [budget, work = std::move(work)] {
      auto mine = work_budget(budget);
      auto const used = work_budget::in_use(mine);
      work();
    });
  };
  auto all = offers(n);
  all.push_back(offer_sign_in(n, door, data, key));
  all.push_back(offer_tokens(n, data, key));
  all.push_back(offer_clock(n, o.test_clock ? &by_hand : nullptr));
  auto counts = std::make_shared<std::function<net::http_server_counts()>>();
  all.push_back(offer_diagnostics(n, door, all, pool, counts));
  for (auto const& offered : all) {
    door.add(offered);
    for (auto const& j : offered.jobs) pool.add_job(j);
  }
  pool.add_job({.name = "unused MQTT connections", .every = std::chrono::seconds(30), .run = [&publisher] { publisher.close_idle(); }});
  for (auto const& c : n.cities) c->start_sending();
  for (auto const& offered : all) {
    if (offered.start) offered.start();
  }
  pool.start();

  server.start([&door, others = other_origins(configuration, all)](http::request& head) {
    auto const others_ask = others.dressing(head);
    auto said = door.admit(head);
    auto& dress = std::visit([](auto& v) -> http::dressing& { return v.dress; }, said);
    dress = answer_headers(std::move(dress), others_ask, head.secure);
    return said;
  });
  *counts = [&server] { return server.counts(); };

  announce_server(data.path(), "http://127.0.0.1:" + std::to_string(server.port()));
  if (!data.has_administrator()) {
    std::printf("\n  Erster Zugang für die Administration (einmal gültig) / first sign-in (works once):\n  %s/workplace/anmelden/?code=%s\n\n",
                n.public_url.c_str(), data.make_first_code().c_str());
    std::fflush(stdout);
  }
  log::info("serving", {{"url", n.public_url}, {"port", int(server.port())}, {"version", version}});
  if (o.anonymous) {
    log::warning("EVERYBODY WITHOUT A TOKEN HAS THIS ROLE. For tests only.", {{"role", to_text(*o.anonymous)}});
  }
  wait_for_the_end();

  log::info("stopping");
  withdraw_server(data.path());
  server.stop(std::chrono::seconds(5));
  pool.stop();
  for (auto const& offered : all) {
    if (offered.stop) offered.stop();
  }
  for (auto const& c : n.cities) c->close();
}

}  // namespace dos::app
