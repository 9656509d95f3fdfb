#include "app/diagnostics.h"

#include "base/symbol.h"
#include "kernel/session/city.h"

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

std::string path_of(std::string path) {
  if (auto const rest = path.find("...}"); rest != path.npos) path.erase(rest, 3);
  return path;
}

std::string verb_of(std::string method) {
  for (auto& c : method) c = char(c | 0x20);
  return method;
}

// What the door asks at this route, whoever described it: who may come and, in bytes, with how large a body. A route with
// "{rest...}" speaks for everything below that is described closer and has no route of its own.
void say_needs(json::object& paths, std::string const& method, std::string const& pattern, need needs, std::size_t body_bytes_max) {
  auto const say = [&](json::value& item) {
    auto* const operation = item.find(verb_of(method));
    if (!operation || operation->find("x-needs")) return;
    auto& o = operation->as_object();
    o["x-needs"] = to_text(needs);
    if (method != "GET") o["x-body-bytes-max"] = body_bytes_max == largest_body ? json::value("body_bytes_max") : json::value(body_bytes_max);
    if (needs != need::nothing && needs != need::own) o["security"] = json::array{json::object({{"bearer", json::array()}})};
  };
  if (auto* const item = paths.find(path_of(pattern))) say(*item);
  auto const rest = pattern.find("{rest...}");
  if (rest == pattern.npos) return;
  for (auto& path : paths) {
    if (path.key.starts_with(pattern.substr(0, rest))) say(path.value);
  }
}

// Every route that is served is in the document; modules that describe themselves closer replace their entries.
json::value openapi(node const& n, std::vector<offer> const& all) {
  auto paths = json::object();
  auto const mention = [&](std::string const& method, std::string const& pattern, std::string const& tag) {
    auto const path = path_of(pattern);
    auto& item = paths[path];
    if (!item.is_object()) item = json::object();
    auto parameters = json::array();
    for (auto at = path.find('{'); at != path.npos; at = path.find('{', at + 1)) {
      parameters.push_back(json::object({{"name", path.substr(at + 1, path.find('}', at) - at - 1)},
                                         {"in", "path"},
                                         {"required", true},
                                         {"schema", json::object({{"type", "string"}})}}));
    }
    item.as_object()[verb_of(method)] = json::object({{"tags", json::array{tag}},
                                           {"parameters", std::move(parameters)},
                                           {"responses", json::object({{"default", json::object({{"description", "see the standard"}})}})}});
  };
  for (auto const& o : all) {
    for (auto const& r : o.node_routes) mention(r.method, r.pattern, o.name);
    for (auto const& r : o.city_routes) mention(r.method, "/{city}" + r.pattern, o.name);
    if (!o.openapi.is_object()) continue;
    for (auto const& m : o.openapi.as_object()) paths[m.key] = m.value;
  }
  for (auto const& o : all) {
    for (auto const& r : o.city_routes) {
      say_needs(paths, r.method, "/{city}" + r.pattern, r.needs, r.body_bytes_max);
      if (r.at_root) say_needs(paths, r.method, r.pattern, r.needs, r.body_bytes_max);
    }
  }
  for (auto const& o : all) {
    for (auto const& r : o.node_routes) say_needs(paths, r.method, r.pattern, r.needs, r.body_bytes_max);
  }
  return json::object({{"openapi", "3.1.0"},
                       {"info", json::object({{"title", "DOS 2030"},
                                              {"version", n.version},
                                              {"license", json::object({{"name", "EUPL-1.2"}, {"identifier", "EUPL-1.2"}})}})},
                       {"servers", json::array{json::object({{"url", n.public_url}})}},
                       {"components", json::object({{"securitySchemes",
                                                     json::object({{"bearer", json::object({{"type", "http"}, {"scheme", "bearer"}})}})}})},
                       {"security", json::array{json::object(), json::object({{"bearer", json::array()}})}},
                       {"paths", std::move(paths)}});
}

}  // namespace

offer offer_diagnostics(node const& n, edge const& door, std::vector<offer> const& all, workers const& pool,
                        std::shared_ptr<std::function<net::http_server_counts()>> counts) {
  auto o = offer();
  o.name = "diagnostics";
  auto const document = std::make_shared<std::string>(json::to_string(openapi(n, all)));
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
  return o;
}

}  // namespace dos::app
