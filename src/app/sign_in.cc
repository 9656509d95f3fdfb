#include "app/sign_in.h"

#include "app/tokens.h"
#include "base/id.h"
#include "http/problem.h"
#include "kernel/city/city.h"

namespace dos::app {
namespace {

constexpr std::int64_t us_of_a_day = 86'400 * us_per_second;
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

// A one-time code makes an administrator, a token whoever it was made for.
http::response sign_in(node const& n, edge const& e, data_directory const& data, std::string const& key, http::request const& r) {
  // Another site must not sign a browser in as somebody else.
  require(r.headers.contains("X-DOS-Request"), fault_kind::forbidden, "signing in must carry the header X-DOS-Request");
  auto const body = parse_body(r);
  auto t = token{.id = new_uuid(),
                 .city = "*",
                 .role = role::admin,
                 .name = "Administration",
                 .issued_at = n.clock.now(),
                 .expires_at = n.clock.now() + session_days * us_of_a_day};
  if (auto const code = body.text_or("code", {}); code.starts_with(token_prefix)) {
    auto const given = verify(code, key, n.clock.now());
    require(given && given->parent.empty() && !e.is_revoked(*given), fault_kind::forbidden, "this token is not valid, or no longer", "code");
    t.parent = given->id;
    t.city = given->city;
    t.role = given->role;
    t.name = given->name;
    t.expires_at = std::min(t.expires_at, given->expires_at);
    t.brings = given->brings;
    t.subject = given->subject;
    t.organisations = given->organisations;
    t.roles = given->roles;
  } else if (!data.use_first_code(code)) {
    throw fault(fault_kind::forbidden, "this link has been used already or is not valid; a token opens the workplace, too", "code");
  } else {
    data.note_issued(t);
  }
  auto answer = describe(t);
  answer.headers.set("Set-Cookie", cookie(sign(t, key), r, int((t.expires_at - t.issued_at) / us_per_second)));
  return answer;
}

// A session that was signed out is over, also for whoever has a copy of its cookie.
http::response sign_out(node const& n, edge const& e, data_directory const& data, http::request const& r) {
  auto found = std::optional<token>();
  try {
    if (!r.headers.contains("Authorization")) found = e.caller(r);
  } catch (fault const& f) {
    if (f.kind != fault_kind::unauthenticated) throw;  // an expired session ends all the same
  }
  if (found) revoke_everywhere(n, data, found->id, found->expires_at);
  auto done = http::no_content();
  done.headers.set("Set-Cookie", cookie("", r, 0));
  return done;
}

}  // namespace

offer offer_sign_in(node const& n, edge const& e, data_directory const& data, std::string key) {
  auto o = offer();
  o.name = "sign-in";
  constexpr auto path = "/platform/v1/session";
  o.node_routes.push_back({"GET", path, need::own,
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
  o.node_routes.push_back({"POST", path, need::own,
                           [&n, &e, &data, key](http::request r, http::reply answer) { answer(sign_in(n, e, data, key, r)); },
                           thread_use::slow});
  o.node_routes.push_back({"DELETE", path, need::own,
                           [&n, &e, &data](http::request r, http::reply answer) { answer(sign_out(n, e, data, r)); },
                           thread_use::slow});
  return o;
}

}  // namespace dos::app
