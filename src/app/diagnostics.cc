#include "app/diagnostics.h"

#include "app/interface.h"
#include "base/symbol.h"
#include "kernel/city/city.h"

namespace dos::app {
namespace {

// A family's first line says what it is: what only grows ends in _total.
void line(std::string& out, std::string_view name, std::string_view labels, std::uint64_t value) {
  auto const head = "# TYPE " + std::string(name) + ' ';
  if (out.find(head) == out.npos) out.append(head).append(name.ends_with("_total") ? "counter\n" : "gauge\n");
  out.append(name);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(std::to_string(value)).append("\n");
}

// Prometheus text exposition format 0.0.4
std::string metrics(node const& n, bool of_cities, workers const& pool, net::http_server_counts const& http) {
  auto out = std::string();
  auto states = std::vector<std::pair<std::string, city_status>>();
  for (auto const& c : n.cities) {
    if (of_cities) states.emplace_back("city=\"" + c->id() + "\"", c->status());
  }
  auto const each = [&](std::string_view name, auto const& value) {
    for (auto const& [label, s] : states) line(out, name, label, value(s));
  };
  each("dos_entities", [](auto const& s) { return s.entities; });
  each("dos_series", [](auto const& s) { return s.series; });
  each("dos_observations_total", [](auto const& s) { return s.observations; });
  each("dos_records", [](auto const& s) { return s.records; });
  each("dos_log_position", [](auto const& s) { return s.position; });
  each("dos_log_lag_bytes", [](auto const& s) { return s.lag_bytes; });
  each("dos_writes_queued", [](auto const& s) { return s.queued; });
  each("dos_disk_free_bytes", [](auto const& s) { return s.disk_free_bytes; });
  each("dos_writable", [](auto const& s) { return s.writable; });
  for (auto i = 1; i < 6; ++i) {
    line(out, "dos_http_responses_total", "class=\"" + std::to_string(i) + "xx\"", http.responses[i]);
  }
  line(out, "dos_http_connections_open", {}, http.connections_open);
  line(out, "dos_http_connections_refused_total", {}, http.connections_refused);
  line(out, "dos_http_connections_dropped_total", {}, http.connections_dropped);
  line(out, "dos_http_requests_refused_total", {}, http.requests_refused);
  line(out, "dos_http_bodies_bytes", {}, http.bodies_bytes);
  line(out, "dos_http_received_bytes_total", {}, http.bytes_received);
  line(out, "dos_http_sent_bytes_total", {}, http.bytes_sent);
  line(out, "dos_requests_waiting", {}, pool.waiting());
  line(out, "dos_names", {}, symbol_count());
  return out;
}

http::response health(node const& n) {
  auto trouble = json::array();
  for (auto const& c : n.cities) {
    auto const s = c->status();
    if (!s.writable || !s.trouble.empty()) trouble.push_back(json::object({{"city", c->id()}, {"reason", s.trouble}}));
  }
  auto const status = trouble.empty() ? "ok" : "degraded";
  return http::json(200, json::to_string(json::object({{"status", status}, {"version", n.version}, {"trouble", std::move(trouble)}})));
}

}  // namespace

offer offer_diagnostics(node const& n, edge const& door, std::vector<offer> const& all, workers const& pool,
                        std::shared_ptr<std::function<net::http_server_counts()>> counts) {
  auto o = offer();
  o.name = "diagnostics";
  // Itself among them, to be described.
  auto const document = std::make_shared<std::string>();
  auto others = std::vector<std::function<std::string()>>();
  for (auto const& offered : all) {
    if (offered.metrics) others.push_back(offered.metrics);
  }
  o.node_routes.push_back({"GET", "/healthz", need::nothing, [&n](http::request, http::reply answer) { answer(health(n)); }, thread_use::quick});
  // The way to this server and back without storing anything: what `./dos bench` holds updates against.
  o.node_routes.push_back({"POST", "/platform/v1/echo", need::writer,
                           [](http::request r, http::reply answer) {
                             parse_body(r);
                             answer(http::no_content());
                           },
                           thread_use::quick});
  o.node_routes.push_back({"GET", "/openapi.json", need::nothing,
                           [document](http::request, http::reply answer) { answer(http::json(200, *document)); }, thread_use::quick});
  o.node_routes.push_back({"GET", "/metrics", need::nothing,
                           [&n, &door, &pool, counts, others](http::request r, http::reply answer) {
                             auto const is_staff = door.who(r).may_read_all();
                             auto text = metrics(n, is_staff, pool, *counts ? (*counts)() : net::http_server_counts());
                             for (auto const& more : others) {
                               if (is_staff) text += more();
                             }
                             answer(http::with_body(200, "text/plain; version=0.0.4; charset=utf-8", std::move(text)));
                           },
                           thread_use::slow});
  auto described = all;
  described.push_back(o);
  *document = json::to_string(describe_interface(n, described));
  return o;
}

}  // namespace dos::app
