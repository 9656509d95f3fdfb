#include "app/sign_in.h"

#include "base/id.h"
#include "http/problem.h"
#include "kernel/session/city.h"

namespace dos::app {
namespace {

constexpr std::int64_t us_a_day = 86'400 * us_per_second;
constexpr int session_days = 30;

std::string cookie(std::string const& value, http::request const& r, int seconds) {
  return std::string(session_cookie) + '=' + value + "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds) +
         (r.secure ? "; Secure" : "");
}

http::response describe(std::optional<token> const& t) {
  auto body = json::object({{"signed_in", t.has_value()}});
  if (t) {
    body.push("name", t->name);
    body.push("role", to_text(t->role));
    body.push("city", t->city);
  }
  auto answer = http::json(200, json::to_string(std::move(body)));
  answer.headers.set("Cache-Control", "no-store");
  return answer;
}

http::response sign_in(node const& n, data_directory const& data, std::string const& key, http::request const& r) {
  auto const body = parse_body(r);
  if (!data.use_first_code(body.text_or("code", {}))) {
    throw fault(fault_kind::forbidden, "this link has been used already or is not valid; the program prints a new one at its start", "code");
  }
  auto t = token{.id = new_uuid(),
                 .city = "*",
                 .role = role::admin,
                 .name = "Administration",
                 .issued_at = n.clock.now(),
                 .expires_at = n.clock.now() + session_days * us_a_day};
  auto answer = describe(t);
  answer.headers.set("Set-Cookie", cookie(sign(t, key), r, session_days * 86'400));
  return answer;
}

// A session that was signed out is over, also for whoever has a copy of its cookie.
http::response sign_out(node const& n, edge const& e, http::request const& r) {
  auto found = std::optional<token>();
  try {
    if (!r.headers.contains("Authorization")) found = e.caller(r);
  } catch (fault const& f) {
    if (f.kind != fault_kind::unauthenticated) throw;  // an expired session ends all the same
  }
  for (auto const& c : n.cities) {
    if (!found || (found->city != "*" && found->city != c->id())) continue;
    n.as_source(c, "sign-in").apply([&](transaction& t) {
      t.put_record(revoked_tokens_collection, found->id, json::object({{"at", to_string(t.now())}}));
    });
  }
  auto done = http::no_content();
  done.headers.set("Set-Cookie", cookie("", r, 0));
  return done;
}

void make_token(node const& n, std::string const& key, session const& s, http::request const& r, http::reply answer) {
  require_role(s, role::admin);
  auto const body = parse_body(r);
  auto t = token{.id = new_uuid(),
                 .city = s.city().id(),
                 .role = parse_role(body.text_or("role", {})),
                 .name = std::string(body.text_or("name", {})),
                 .issued_at = n.clock.now()};
  require(!t.name.empty(), fault_kind::invalid, "say whom the token is for", "name");
  require(t.role != role::anonymous, fault_kind::invalid, "nobody needs a token to be anonymous", "role");
  if (auto const* const days = body.find("days")) {
    require(days->is_int() && days->as_int() > 0, fault_kind::invalid, "days is a whole number from 1 on", "days");
    t.expires_at = n.clock.now() + std::min<std::int64_t>(days->as_int(), 36'500) * us_a_day;
  }
  // The register knows who holds a token, never the token itself.
  auto const entry = json::object({{"name", t.name}, {"role", to_text(t.role)}, {"issuedAt", to_string(t.issued_at)}, {"expiresAt", to_string(t.expires_at)}});
  submit_and_reply(
      s, [id = t.id, entry](transaction& x) { x.put_record("token", id, entry); }, std::move(answer),
      [t, key](outcome const&) {
        return http::json(201, json::to_string(json::object({{"id", t.id}, {"token", sign(t, key)}})));
      });
}

}  // namespace

offer offer_sign_in(node const& n, edge const& e, data_directory const& data, std::string key) {
  auto o = offer();
  o.name = "sign-in";
  constexpr auto path = "/platform/v1/session";
  o.node_routes.push_back({"GET", path,
                           [&e](http::request r, http::reply answer) {
                             auto found = std::optional<token>();
                             try {
                               found = e.caller(r);
                               if (found && e.is_revoked(*found)) found.reset();
                             } catch (fault const&) {  // an expired session is none
                             }
                             answer(describe(found));
                           },
                           thread_use::quick});
  o.node_routes.push_back({"POST", path,
                           [&n, &data, key](http::request r, http::reply answer) { answer(sign_in(n, data, key, r)); },
                           thread_use::slow});
  o.node_routes.push_back({"DELETE", path,
                           [&n, &e](http::request r, http::reply answer) { answer(sign_out(n, e, r)); },
                           thread_use::slow});
  o.city_routes.push_back({"POST", "/platform/v1/tokens",
                           [&n, key](session s, http::request r, http::reply answer) { make_token(n, key, s, r, std::move(answer)); },
                           thread_use::quick});
  o.city_routes.push_back({"DELETE", "/platform/v1/tokens/{id}",
                           [](session s, http::request r, http::reply answer) {
                             require_role(s, role::admin);
                             submit_and_reply(
                                 s,
                                 [id = std::string(r.param("id"))](transaction& t) {
                                   t.put_record(revoked_tokens_collection, id, json::object({{"at", to_string(t.now())}}));
                                   t.erase_record("token", id);
                                 },
                                 std::move(answer), [](outcome const&) { return http::no_content(); });
                           },
                           thread_use::quick});
  return o;
}

}  // namespace dos::app
