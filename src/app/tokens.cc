#include "app/tokens.h"

#include <algorithm>

#include "base/id.h"
#include "base/record_collection.h"
#include "contract/list.h"
#include "http/problem.h"
#include "kernel/access/token.h"
#include "kernel/city/city.h"

namespace dos::app {
namespace {

constexpr std::int64_t us_a_day = 86'400 * us_per_second;
// Knows who holds a token, never the token itself.
constexpr auto token_collection = record_collection{"token", "app", "id of the token"};

json::object describe(token const& t) {
  auto o = json::object({{"id", t.id}, {"name", t.name}, {"role", to_text(t.role)}, {"city", t.city}, {"issuedAt", to_string(t.issued_at)}});
  if (t.expires_at != timestamp_max) o.push("expiresAt", to_string(t.expires_at));
  if (!t.brings.empty()) o.push("brings", json::array(t.brings.begin(), t.brings.end()));
  if (!t.subject.empty()) o.push("subject", t.subject);
  if (!t.organisations.empty()) o.push("organisations", json::array(t.organisations.begin(), t.organisations.end()));
  if (!t.roles.empty()) o.push("roles", json::array(t.roles.begin(), t.roles.end()));
  return o;
}

token read_token(std::string_view id, std::string_view city, json::value const& record) {
  return {.id = std::string(id),
          .city = std::string(city),
          .role = parse_role(record.text_or("role", {})),
          .name = std::string(record.text_or("name", {})),
          .issued_at = parse_timestamp(record.text_or("issuedAt", {})).value_or(timestamp_min),
          .expires_at = parse_timestamp(record.text_or("expiresAt", {})).value_or(timestamp_max),
          .brings = read_brings(record.find("brings"), parse_role(record.text_or("role", {}))),
          .subject = std::string(record.text_or("subject", {})),
          .organisations = read_names(record.find("organisations"), "organisations"),
          .roles = read_names(record.find("roles"), "roles")};
}

// Those that open this city now, the newest first.
std::vector<token> valid_tokens(session const& s, data_directory const& data, timestamp now) {
  auto const& city = s.city().id();
  auto found = data.issued_tokens();
  std::erase_if(found, [&](token const& t) { return t.city != "*" && t.city != city; });
  s.for_each_record(token_collection, {}, [&](std::string_view id, record_ptr const& r) {
    found.push_back(read_token(id, city, *r));
    return true;
  });
  auto const rotated = data.rotated_at();
  std::erase_if(found, [&](token const& t) { return now >= t.expires_at || t.issued_at <= rotated || s.find_record(revoked_tokens_collection, t.id); });
  std::sort(found.begin(), found.end(), [](token const& a, token const& b) { return a.issued_at > b.issued_at; });
  return found;
}

http::response list(session const& s, http::request const& r, data_directory const& data, timestamp now) {
  auto items = json::array();
  for (auto const& t : valid_tokens(s, data, now)) {
    auto o = describe(t);
    auto const& own = s.who().tokens;
    if (std::find(own.begin(), own.end(), t.id) != own.end()) o.push("own", true);
    items.push_back(std::move(o));
  }
  auto answer = list_response(std::move(items), read_list_page(r, list_items_max));
  answer.headers.set("Cache-Control", "no-store");
  return answer;
}

void make(node const& n, std::string const& key, session const& s, http::request const& r, http::reply answer) {
  auto const body = parse_body(r);
  auto t = token{.id = new_uuid(),
                 .city = s.city().id(),
                 .role = parse_role(body.text_or("role", {})),
                 .name = std::string(body.text_or("name", {})),
                 .issued_at = n.clock.now()};
  require(!t.name.empty(), fault_kind::invalid, "say whom the token is for", "name");
  require(t.role != role::anonymous, fault_kind::invalid, "nobody needs a token to be anonymous", "role");
  t.brings = read_brings(body.find("brings"), t.role);
  t.subject = body.text_or("subject", {});
  require(t.subject.size() <= 256, fault_kind::invalid, "a subject has up to 256 bytes", "subject");
  t.organisations = read_names(body.find("organisations"), "organisations");
  t.roles = read_names(body.find("roles"), "roles");
  if (auto const* const days = body.find("days")) {
    require(days->is_int() && days->as_int() > 0, fault_kind::invalid, "days is a whole number from 1 on", "days");
    t.expires_at = n.clock.now() + std::min<std::int64_t>(days->as_int(), 36'500) * us_a_day;
  }
  submit_and_reply(
      s, [t](transaction& x) { x.put_record(token_collection, t.id, describe(t)); }, std::move(answer),
      [t, key](outcome const&) {
        return http::json(201, json::to_string(json::object({{"id", t.id}, {"token", sign(t, key)}})));
      });
}

// Tokens that have ended by themselves since open nothing, revoked or not.
void forget_ended_revocations(session const& s, timestamp now) {
  auto ended = std::vector<std::string>();
  s.for_each_record(revoked_tokens_collection, {}, [&](std::string_view id, record_ptr const& r) {
    if (parse_timestamp(r->text_or("until", {})).value_or(timestamp_max) < now) ended.emplace_back(id);
    return ended.size() < 10'000;
  });
  if (ended.empty()) return;
  s.apply([&](transaction& t) {
    for (auto const& id : ended) t.erase_record(revoked_tokens_collection, id);
  });
}

void revoke_in(node const& n, std::shared_ptr<city> const& c, std::string const& id, timestamp until) {
  n.as_source(c, "sign-in").apply([&](transaction& t) {
    auto r = json::object({{"at", to_string(t.now())}});
    if (until != timestamp_max) r.push("until", to_string(until));
    if (!t.find_record(revoked_tokens_collection, id)) t.put_record(revoked_tokens_collection, id, std::move(r));
    if (t.find_record(token_collection, id)) t.erase_record(token_collection, id);
  });
}

// What opens this city opens it no more. One for all cities ends in all of them when the administrator is one of all.
void revoke(node const& n, data_directory const& data, session const& s, std::string const& id) {
  auto const valid = valid_tokens(s, data, n.clock.now());
  auto const it = std::find_if(valid.begin(), valid.end(), [&](token const& t) { return t.id == id; });
  if (it == valid.end()) {
    require(s.find_record(revoked_tokens_collection, id) != nullptr, fault_kind::not_found, "no token " + id + " opens this city", "id");
    return;  // once is enough
  }
  if (it->city == s.city().id()) {
    revoke_in(n, s.shared_city(), id, it->expires_at);
    return data.forget_issued(id);
  }
  if (s.who().city == "*") return revoke_everywhere(n, data, id, it->expires_at);
  revoke_in(n, s.shared_city(), id, it->expires_at);
}

}  // namespace

void revoke_everywhere(node const& n, data_directory const& data, std::string const& id, timestamp until) {
  for (auto const& c : n.cities) revoke_in(n, c, id, until);
  data.forget_issued(id);
}

offer offer_tokens(node const& n, data_directory const& data, std::string key) {
  constexpr auto path = "/platform/v1/tokens";
  auto o = offer();
  o.name = "tokens";
  o.city_routes.push_back({"GET", path, need::admin,
                           [&n, &data](session s, http::request r, http::reply answer) { answer(list(s, r, data, n.clock.now())); },
                           thread_use::slow});
  o.city_routes.push_back({"POST", path, need::admin,
                           [&n, key](session s, http::request r, http::reply answer) { make(n, key, s, r, std::move(answer)); },
                           thread_use::quick});
  o.city_routes.push_back({"DELETE", std::string(path) + "/{id}", need::admin,
                           [&n, &data](session s, http::request r, http::reply answer) {
                             revoke(n, data, s, std::string(r.param("id")));
                             answer(http::no_content());
                           },
                           thread_use::slow});
  o.jobs.push_back({.name = "revocations", .every = std::chrono::hours(1), .run = [&n] {
                      for (auto const& c : n.cities) forget_ended_revocations(n.as_source(c, "sign-in"), n.clock.now());
                    }});
  return o;
}

}  // namespace dos::app
