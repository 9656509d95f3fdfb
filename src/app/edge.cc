#include "app/edge.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "http/problem.h"
#include "kernel/city/city.h"
#include "net/address.h"
#include "people/signed_in.h"

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

// A changing request by cookie may have been sent by another site.
void require_from_own_page(http::request const& r) {
  require(only_reads(r.method) || r.headers.contains("X-DOS-Request"), fault_kind::forbidden,
          "a changing request from a browser must carry the header X-DOS-Request");
}

bool opens(token const& t, city const& c) {
  if (t.city != "*" && t.city != c.id()) return false;
  auto const is_revoked = [&](std::string const& id) { return !id.empty() && c.find_record(revoked_tokens_collection, id); };
  return !is_revoked(t.id) && !is_revoked(t.parent);
}

// What is told to one caller is no other's business, nor a cache's.
void dress_private(http::response& r) {
  if (r.status != 204 && !r.headers.contains("Cache-Control")) r.headers.add("Cache-Control", "no-store");
}

// What the door says to somebody who showed a token is theirs alone, refusals as well.
template <typename Decide>
http::verdict told_privately(http::request const& head, http::fault_form const& form, Decide const& decide) {
  try {
    return decide();
  } catch (fault const& f) {
    if (!head.headers.contains("Authorization") && !head.headers.contains("Cookie")) throw;
    return http::refusal{form(f), dress_private};
  }
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
    require_from_own_page(r);
  } else {
    return std::nullopt;
  }
  auto found = verify(text, options_.token_key, node_.clock.now());
  if (!found) throw fault(fault_kind::unauthenticated, "the token is not valid, or has expired");
  return found;
}

// A session of an account is asked for before one of the node: it is for this city alone.
std::optional<principal> edge::signed_in(std::shared_ptr<city> const& c, http::request const& head, need needs) const {
  if (!node_.who_signed_in || head.headers.contains("Authorization")) return std::nullopt;
  auto const cookie = find_cookie(head, people::cookie_name(c->id()));
  if (!cookie) return std::nullopt;
  auto found = node_.who_signed_in(c, *cookie);
  if (needs == need::own) return found && (only_reads(head.method) || head.headers.contains("X-DOS-Request")) ? found : std::nullopt;
  require_from_own_page(head);
  require(found.has_value(), fault_kind::unauthenticated, "this session is over: sign in again");
  return found;
}

bool edge::is_revoked(token const& t) const {
  return std::none_of(node_.cities.begin(), node_.cities.end(), [&](auto const& c) { return opens(t, *c); });
}

principal edge::nobody(std::string source) const {
  return {.name = "anonymous", .role = options_.anonymous, .source = std::move(source)};
}

caller edge::identify(std::string_view text, std::string const& door, std::string const& peer) const {
  auto comes = dos::caller{"*", nobody(door + '/' + net::shared_address(peer))};
  if (!text.empty()) {
    auto const found = verify(text, options_.token_key, node_.clock.now());
    require(found && !is_revoked(*found), fault_kind::unauthenticated, "the token is not valid, or no longer");
    comes = {found->city, to_principal(*found, door)};
  }
  comes.who.names = names_.of(comes.who);
  return comes;
}

std::optional<token> edge::caller_or_nobody(http::request const& head, need needs) const {
  try {
    return caller(head);
  } catch (fault const&) {
    if (needs != need::own) throw;
    return std::nullopt;
  }
}

principal edge::who(http::request const& r) const {
  auto const found = caller_or_nobody(r, need::own);
  return found && !is_revoked(*found) ? to_principal(*found, "http") : nobody("http/" + net::shared_address(r.peer));
}

std::shared_ptr<city> edge::find_city(http::request const& head, bool at_root) const {
  auto const tenant = head.headers.find("NGSILD-Tenant");
  auto const named = head.params.find("city");
  auto found = named ? node_.find_city(*named) : tenant ? node_.find_city(*tenant) : node_.cities.front();
  if (!found && named) throw fault(fault_kind::not_found, "there is no city " + std::string(*named));
  if (!found) throw fault(fault_kind::not_found, "there is no tenant " + std::string(*tenant), "NGSILD-Tenant", "ETSI GS CIM 009, 6.3.14");
  if (at_root && tenant && *tenant != found->id()) {
    throw fault(fault_kind::invalid, "the path names the city " + found->id() + ", the header the tenant " + std::string(*tenant),
                "NGSILD-Tenant", "ETSI GS CIM 009, 6.3.14");
  }
  return found;
}

std::size_t edge::body_limit(principal const& who, std::size_t of_route) const {
  return std::min({of_route, options_.body_bytes_max, who.may_write() ? largest_body : default_body});
}

// A body of more is read on a worker: no caller's holds up what others have for a network thread.
constexpr std::size_t quick_body_bytes_max = 64 << 10;

template <typename Work>
void edge::run(thread_use use, asker const& from, http::reply answer, http::fault_form const& form, Work work) const {
  auto const guarded = [names = from.who.names](http::reply const& answer, http::fault_form const& form, Work& work) {
    auto const paying = pays_for_names(names.get());
    try {
      work(answer);
    } catch (fault const& f) {
      answer(form(f));
    } catch (std::exception const& e) {
      log::error("a request failed", {{"reason", e.what()}});
      answer(form(fault(fault_kind::internal, "the server failed to answer this request")));
    }
  };
  if (use == thread_use::quick && from.body_bytes <= quick_body_bytes_max) {
    auto budget = work_budget(options_.budget, from.body_bytes);
    auto const used = work_budget::in_use(budget);
    return guarded(answer, form, work);
  }
  workers_.push(from.peer.empty() ? from.who.source : net::shared_address(from.peer), from.who.source,
                [guarded, answer = std::move(answer), &form, work = std::move(work), limits = options_.budget, bytes = from.body_bytes]() mutable {
                  if (!answer.is_wanted()) return;
                  auto budget = work_budget(limits, bytes, [answer] { return answer.is_wanted(); });
                  auto const used = work_budget::in_use(budget);
                  guarded(answer, form, work);
                });
}

void edge::add(city_route const& route, http::fault_form const& form, std::string const& prefix) {
  router_.add(route.method, prefix + route.pattern, [this, route, form](http::request& head) {
    return told_privately(head, form, [&]() -> http::verdict {
      auto c = find_city(head, route.at_root);
      auto who = nobody("http/" + net::shared_address(head.peer));
      auto const person = signed_in(c, head, route.needs);
      auto const found = person ? std::nullopt : caller_or_nobody(head, route.needs);
      if (person) who = *person;
      else if (found && opens(*found, *c)) who = to_principal(*found, "http");
      else if (found && route.needs != need::own) throw fault(fault_kind::forbidden, "this token is for another city, or was revoked");
      if (route.needs != need::writer || !c->policy_of(who)->may_write_something(who)) require_need(who, route.needs);
      who.names = names_.of(who);
      auto const body_bytes_max = body_limit(who, route.body_bytes_max);
      auto s = session(std::move(c), std::move(who));
      if (route.ask) route.ask(s, head);
      auto go_on = [this, &route, &form, s = std::move(s)](http::request r, http::reply answer) mutable {
        auto const from = asker{s.who(), r.peer, r.body.size()};
        run(route.use, from, std::move(answer), form,
            [&handle = route.handle, s = std::move(s), r = std::move(r)](http::reply const& reply) mutable {
              handle(std::move(s), std::move(r), reply);
            });
      };
      return http::admission{body_bytes_max, std::move(go_on), found || person ? dress_private : nullptr};
    });
  });
}

void edge::add(node_route const& route, http::fault_form const& form) {
  router_.add(route.method, route.pattern, [this, route, form](http::request& head) {
    return told_privately(head, form, [&]() -> http::verdict {
      auto who = this->who(head);
      require_need(who, route.needs);
      who.names = names_.of(who);
      auto const is_known = !who.tokens.empty();
      auto go_on = [this, &route, &form, who](http::request r, http::reply answer) {
        auto const from = asker{who, r.peer, r.body.size()};
        run(route.use, from, std::move(answer), form,
            [&handle = route.handle, r = std::move(r)](http::reply const& reply) mutable { handle(std::move(r), reply); });
      };
      return http::admission{body_limit(who, route.body_bytes_max), std::move(go_on), is_known ? dress_private : nullptr};
    });
  });
}

void edge::operator()(http::request r, http::reply answer) const {
  auto said = router_(r);
  if (auto* const refused = std::get_if<http::refusal>(&said)) return answer(std::move(refused->answer));
  std::get<http::admission>(said).handle(std::move(r), std::move(answer));
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
  for (auto const& route : o.node_routes) add(route, form_for(o, route.pattern));
}

}  // namespace dos::app
