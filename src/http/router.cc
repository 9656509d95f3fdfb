#include "http/router.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/problem.h"

namespace dos::http {

struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

struct route_param {
  std::string name;
  std::size_t at;  // which segment
  bool rest;
};

struct route {
  std::string method;
  http::door door;
  std::vector<route_param> params;
};

namespace {

// "{id}" -> "id", "{rest...}" -> "rest"; nothing for text.
std::string_view param_name(std::string_view piece) {
  if (!piece.starts_with('{') || !piece.ends_with('}')) return {};
  piece = piece.substr(1, piece.size() - 2);
  return piece.ends_with("...") ? piece.substr(0, piece.size() - 3) : piece;
}

std::vector<std::string_view> pieces(std::string_view pattern) {
  DOS_CHECK(pattern.starts_with('/'));
  auto result = std::vector<std::string_view>();
  pattern.remove_prefix(1);
  while (!pattern.empty()) {
    auto const slash = pattern.find('/');
    result.push_back(pattern.substr(0, slash));
    pattern = slash == std::string_view::npos ? std::string_view() : pattern.substr(slash + 1);
  }
  return result;
}

bool is_known_method(std::string_view method) {
  constexpr auto known =
      std::array<std::string_view, 9>{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"};
  return std::find(known.begin(), known.end(), method) != known.end();
}

route const* find_route(std::vector<route> const& routes, std::string_view method) {
  auto const it = std::find_if(routes.begin(), routes.end(), [&](route const& r) { return r.method == method; });
  if (it != routes.end()) return &*it;
  return method == "HEAD" ? find_route(routes, "GET") : nullptr;
}

param_map bound(std::vector<route_param> const& params, std::vector<std::string> const& segments) {
  auto result = param_map();
  result.reserve(params.size());
  for (auto const& p : params) {
    auto text = segments[p.at];
    for (auto i = p.at + 1; p.rest && i < segments.size(); ++i) text += '/' + segments[i];
    result.add(p.name, std::move(text));
  }
  return result;
}

std::string allow_text(std::vector<std::string_view> methods) {
  auto const has_get = std::find(methods.begin(), methods.end(), "GET") != methods.end();
  if (has_get) methods.push_back("HEAD");
  methods.push_back("OPTIONS");
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  auto result = std::string();
  for (auto const m : methods) result += (result.empty() ? "" : ", ") + std::string(m);
  return result;
}

}  // namespace

struct router::node {
  std::unordered_map<std::string, std::unique_ptr<node>, text_hash, std::equal_to<>> texts;
  std::unique_ptr<node> param;
  std::vector<route> routes;       // of the path that ends here
  std::vector<route> rest_routes;  // "{rest...}" from here on
  fault_form form;

  // Goes to every end that fits, best first, until `visit(routes)` returns true.
  template <typename Visit>
  bool walk(std::vector<std::string> const& segments, std::size_t depth, Visit const& visit) const {
    if (depth == segments.size()) return !routes.empty() && visit(routes);
    if (auto const it = texts.find(segments[depth]); it != texts.end() && it->second->walk(segments, depth + 1, visit))
      return true;
    if (param && !segments[depth].empty() && param->walk(segments, depth + 1, visit)) return true;
    return !rest_routes.empty() && visit(rest_routes);
  }

  void find_form(std::vector<std::string> const& segments, std::size_t depth,
                 std::pair<std::size_t, fault_form const*>& best) const {
    if (form && (!best.second || depth > best.first)) best = {depth, &form};
    if (depth == segments.size()) return;
    if (auto const it = texts.find(segments[depth]); it != texts.end())
      it->second->find_form(segments, depth + 1, best);
    if (param) param->find_form(segments, depth + 1, best);
  }

  node& child(std::string_view piece) {
    auto& slot = param_name(piece).empty() ? texts[std::string(piece)] : param;
    if (!slot) slot = std::make_unique<node>();
    return *slot;
  }
};

router::router() : root_(std::make_unique<node>()) {}
router::~router() = default;
router::router(router&&) noexcept = default;
router& router::operator=(router&&) noexcept = default;

void router::add(std::string_view method, std::string_view pattern, door d) {
  auto r = route{std::string(method), std::move(d), {}};
  auto* place = root_.get();
  auto* routes = static_cast<std::vector<route>*>(nullptr);
  auto const all = pieces(pattern);
  for (auto i = std::size_t{0}; i < all.size(); ++i) {
    auto const rest = all[i].ends_with("...}");
    if (auto const name = param_name(all[i]); !name.empty()) r.params.push_back({std::string(name), i, rest});
    DOS_CHECK(!rest || i + 1 == all.size());
    if (rest) {
      routes = &place->rest_routes;
    } else {
      place = &place->child(all[i]);
    }
  }
  if (!routes) routes = &place->routes;
  DOS_CHECK(std::none_of(routes->begin(), routes->end(), [&](route const& other) { return other.method == method; }));
  routes->push_back(std::move(r));
}

void router::set_fault_form(std::string_view prefix, fault_form form) {
  auto* place = root_.get();
  for (auto const piece : pieces(prefix)) place = &place->child(piece);
  place->form = std::move(form);
}

router::match router::find(std::string_view method, std::vector<std::string> const& segments) const {
  auto result = match();
  auto allowed = std::vector<std::string_view>();
  root_->walk(segments, 0, [&](std::vector<route> const& routes) {
    auto const r = find_route(routes, method);
    if (r) {
      result.door = &r->door;
      result.params = bound(r->params, segments);
    } else {
      for (auto const& other : routes) allowed.push_back(other.method);
    }
    return r != nullptr;
  });
  if (!result.door && !allowed.empty()) result.allow = allow_text(std::move(allowed));
  return result;
}

response router::render(std::vector<std::string> const& segments, fault const& f) const {
  auto const form = find_form(segments);
  return form ? (*form)(f) : problem(f);
}

fault_form const* router::find_form(std::vector<std::string> const& segments) const {
  auto best = std::pair<std::size_t, fault_form const*>{0, nullptr};
  root_->find_form(segments, 0, best);
  return best.second;
}

verdict router::operator()(request& head) const {
  auto found = find(head.method, head.segments);
  if (!found.door && head.method == "OPTIONS" && !found.allow.empty()) {
    auto allowed = no_content();
    allowed.headers.add("Allow", found.allow);
    return refusal{std::move(allowed)};
  }
  if (!found.door) {
    auto const kind = !is_known_method(head.method) ? fault_kind::not_supported
                      : found.allow.empty()         ? fault_kind::not_found
                                                    : fault_kind::not_allowed;
    auto refused = render(head.segments, fault(kind, kind == fault_kind::not_found
                                                         ? "nothing is at " + head.path
                                                         : "the method " + head.method + " does not exist at " + head.path));
    if (!found.allow.empty()) refused.headers.set("Allow", std::move(found.allow));
    return refusal{std::move(refused)};
  }
  head.params = std::move(found.params);
  try {
    return (*found.door)(head);
  } catch (fault const& f) {
    return refusal{render(head.segments, f)};
  }
}

}  // namespace dos::http
