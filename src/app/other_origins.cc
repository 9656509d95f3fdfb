#include "app/other_origins.h"

#include <algorithm>

namespace dos::app {
namespace {

constexpr std::string_view sent_headers = "Accept, Authorization, Content-Type, If-None-Match, Link, NGSILD-Tenant, Prefer";
constexpr std::string_view shown_headers =
    "ETag, Link, Location, NGSILD-Results-Count, NGSILD-Tenant, NGSILD-Warning, Retry-After";
constexpr std::string_view preflight_s = "7200";

std::vector<std::string> texts(json::value const* list) {
  auto all = std::vector<std::string>();
  if (!list || !list->is_array()) return all;
  for (auto const& v : list->as_array()) {
    if (v.is_string()) all.emplace_back(v.as_string());
  }
  return all;
}

bool allows(std::vector<std::string> const& origins, std::string_view origin) {
  return std::any_of(origins.begin(), origins.end(), [&](auto const& o) { return o == "*" || o == origin; });
}

bool is_get(std::string_view method) { return method == "GET" || method == "HEAD"; }

// Every door stands at the root, and behind the name of a city.
std::string_view behind_city(std::string_view path) {
  auto const at = path.find('/', 1);
  return at == path.npos ? std::string_view() : path.substr(at);
}

}  // namespace

other_origins::other_origins(json::value const& configuration, std::vector<offer> const& all)
    : readers_(texts(configuration.find("read_origins"))), writers_(texts(configuration.find("write_origins"))) {
  for (auto const& o : all) {
    prefixes_.insert(prefixes_.end(), o.for_other_origins.begin(), o.for_other_origins.end());
    questions_.insert(questions_.end(), o.read_by_post.begin(), o.read_by_post.end());
  }
}

bool other_origins::is_offered(std::string_view path) const {
  auto const is_below = [&](std::string_view p) {
    return std::any_of(prefixes_.begin(), prefixes_.end(), [&](auto const& prefix) {
      return p.starts_with(prefix) && (p.size() == prefix.size() || p[prefix.size()] == '/');
    });
  };
  return is_below(path) || is_below(behind_city(path));
}

bool other_origins::is_read_by_post(std::string_view path) const {
  if (path.ends_with('/')) path.remove_suffix(1);
  return std::any_of(questions_.begin(), questions_.end(), [&](auto const& q) { return path == q || behind_city(path) == q; });
}

http::dressing other_origins::dressing(http::request const& r) const {
  auto const origin = r.headers.find("Origin");
  if (!origin || !is_offered(r.path)) return nullptr;
  auto const wanted = r.headers.find("Access-Control-Request-Method");
  auto const is_preflight = r.method == "OPTIONS" && wanted;
  auto const writes = allows(writers_, *origin);
  auto const asks_by_post = is_read_by_post(r.path);
  auto const reads = is_preflight || is_get(r.method) || (r.method == "POST" && asks_by_post);
  if (!writes && !(allows(readers_, *origin) && reads)) return nullptr;
  auto const methods = writes ? "GET, HEAD, POST, PUT, PATCH, DELETE" : asks_by_post ? "GET, HEAD, POST" : "GET, HEAD";
  return [origin = std::string(*origin), is_preflight, methods,
          for_all = allows(readers_, "*") && !writes](http::response& made) {
    made.headers.set("Access-Control-Allow-Origin", for_all ? "*" : origin);
    made.headers.add("Vary", "Origin");
    if (is_preflight) {
      made.headers.set("Access-Control-Allow-Methods", methods);
      made.headers.set("Access-Control-Allow-Headers", std::string(sent_headers));
      made.headers.set("Access-Control-Max-Age", std::string(preflight_s));
    } else {
      made.headers.set("Access-Control-Expose-Headers", std::string(shown_headers));
    }
  };
}

}  // namespace dos::app
