#include "app/edge.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "http/problem.h"
#include "kernel/session/city.h"

namespace dos::app {
namespace {

// RFC 6265: "a=b; c=d"
std::optional<std::string_view> find_cookie(http::request const& r, std::string_view name) {
  for (auto const header : r.headers.find_all("Cookie")) {
    for (auto part : text::split(header, ';')) {
      part = text::trim(part);
      if (part.size() > name.size() && part.starts_with(name) && part[name.size()] == '=') return part.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

bool only_reads(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

bool opens(token const& t, city const& c) {
  if (t.city != "*" && t.city != c.id()) return false;
  auto const is_revoked = [&](std::string const& id) { return !id.empty() && c.find_record(revoked_tokens_collection, id); };
  return !is_revoked(t.id) && !is_revoked(t.parent);
}

principal bearer(token const& t, std::string const& door) {
  auto who = principal{.name = t.name, .role = t.role, .source = door + '/' + t.id, .tokens = {t.id}, .until = t.expires_at};
  if (!t.parent.empty()) who.tokens.push_back(t.parent);
  return who;
}

http::fault_form form_for(offer const& o, std::string const& pattern) {
  auto best = http::fault_form(static_cast<http::response (*)(fault const&)>(http::problem));
  auto length = std::size_t(0);
  for (auto const& [prefix, form] : o.fault_forms) {
    if (pattern.starts_with(prefix) && prefix.size() > length) {
      best = form;
      length = prefix.size();
    }
  }
  return best;
}

}  // namespace

std::optional<token> edge::caller(http::request const& r) const {
  auto text = std::string_view();
  if (auto const header = r.headers.find("Authorization")) {
    if (header->size() > 7 && text::equal_ignoring_case(header->substr(0, 7), "Bearer ")) text = text::trim(header->substr(7));
    else return std::nullopt;  // another scheme: the route's own business
  } else if (auto const cookie = find_cookie(r, session_cookie)) {
    text = *cookie;
    require(only_reads(r.method) || r.headers.contains("X-DOS-Request"), fault_kind::forbidden,
            "a changing request from a browser must carry the header X-DOS-Request");
  } else {
    return std::nullopt;
  }
  auto found = verify(text, options_.token_key, node_.clock.now());
  if (!found) throw fault(fault_kind::unauthenticated, "the token is not valid, or has expired");
  return found;
}

bool edge::is_revoked(token const& t) const {
  return std::none_of(node_.cities.begin(), node_.cities.end(), [&](auto const& c) { return opens(t, *c); });
}

caller edge::identify(std::string_view text, std::string const& door, std::string const& peer) const {
  if (text.empty()) return {"*", {.name = "anonymous", .role = options_.anonymous, .source = door + '/' + peer}};
  auto const found = verify(text, options_.token_key, node_.clock.now());
  require(found && !is_revoked(*found), fault_kind::unauthenticated, "the token is not valid, or no longer");
  return {found->city, bearer(*found, door)};
}

session edge::open_session(std::shared_ptr<city> c, http::request const& r, bool for_everyone) const {
  auto who = principal{.name = "anonymous", .role = options_.anonymous, .source = "http/" + r.peer};
  auto found = std::optional<token>();
  try {
    found = caller(r);
  } catch (fault const&) {
    if (!for_everyone) throw;
  }
  if (found && opens(*found, *c)) {
    who = bearer(*found, "http");
  } else if (found && !for_everyone) {
    throw fault(fault_kind::forbidden, "this token is for another city, or was revoked");
  }
  return session(std::move(c), std::move(who));
}

template <typename Work>
void edge::run(thread_use use, std::string const& caller, http::reply answer, http::fault_form const& form,
               Work work) const {
  auto const guarded = [](http::reply const& answer, http::fault_form const& form, Work& work) {
    try {
      work(answer);
    } catch (fault const& f) {
      answer(form(f));
    } catch (std::exception const& e) {
      log::error("a request failed", {{"reason", e.what()}});
      answer(form(fault(fault_kind::internal, "the server failed to answer this request")));
    }
  };
  if (use == thread_use::quick) return guarded(answer, form, work);
  workers_.push(caller, [guarded, answer = std::move(answer), &form, work = std::move(work)]() mutable {
    guarded(answer, form, work);
  });
}

void edge::add(city_route const& route, http::fault_form const& form, std::string const& prefix) {
  auto const at_root = prefix.empty();
  router_.add(route.method, prefix + route.pattern, [this, route, form, at_root](http::request r, http::reply answer) {
    auto c = std::shared_ptr<city>();
    if (at_root) {
      auto const tenant = r.headers.find("NGSILD-Tenant");
      c = tenant ? node_.find_city(*tenant) : node_.cities.front();
      if (!c) throw fault(fault_kind::not_found, "there is no tenant " + std::string(*tenant), "NGSILD-Tenant", "ETSI GS CIM 009, 6.3.14");
    } else {
      c = node_.find_city(r.param("city"));
      if (!c) throw fault(fault_kind::not_found, "there is no city " + std::string(r.param("city")));
    }
    auto s = open_session(std::move(c), r, route.for_everyone);
    auto const caller = s.who().source;
    run(route.use, caller, std::move(answer), form,
        [&handle = route.handle, s = std::move(s), r = std::move(r)](http::reply const& reply) mutable {
          handle(std::move(s), std::move(r), reply);
        });
  });
}

void edge::add(offer const& o) {
  for (auto const& [prefix, form] : o.fault_forms) {
    router_.set_fault_form(prefix, form);
    router_.set_fault_form("/{city}" + prefix, form);
  }
  for (auto const& route : o.city_routes) {
    auto const form = form_for(o, route.pattern);
    add(route, form, "/{city}");
    if (route.at_root) add(route, form, "");
  }
  for (auto const& route : o.node_routes) {
    auto const form = form_for(o, route.pattern);
    router_.add(route.method, route.pattern, [this, route, form](http::request r, http::reply answer) {
      auto const caller = "http/" + r.peer;
      run(route.use, caller, std::move(answer), form,
          [&handle = route.handle, r = std::move(r)](http::reply const& reply) mutable { handle(std::move(r), reply); });
    });
  }
}

}  // namespace dos::app
