#include "capability/people/session_api.h"

#include <algorithm>

#include "base/fault.h"
#include "base/id.h"
#include "base/text.h"
#include "contract/list.h"
#include "engine/identity/one_time_code.h"
#include "engine/identity/password_hash.h"
#include "http/problem.h"
#include "kernel/city/city.h"
#include "people/signed_in.h"

namespace dos::people {
namespace {

std::string cookie(session const& s, std::string const& value, bool secure, std::int64_t seconds) {
  return cookie_name(s.city().id()) + '=' + value + "; Path=/" + s.city().id() + "; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds) +
         (secure ? "; Secure" : "");
}

json::object describe_caller(desk const& with, session const& s) {
  auto const& who = s.who();
  auto o = json::object{{"signed_in", who.role != role::anonymous || !who.subject.empty()}};
  if (who.role == role::anonymous && who.subject.empty()) return o;
  auto const a = with.find_by_subject(s, who.subject);
  o.push("name", a ? with.unseal(a->name) : who.name);
  o.push("role", dos::to_text(who.role));
  o.push("city", who.city);
  if (!a) return o;
  o.push("account", a->id);
  o.push("subject", a->subject);
  o.push("secondFactor", !a->totp.empty());
  o.push("organisations", json::array(who.organisations.begin(), who.organisations.end()));
  o.push("roles", json::array(who.roles.begin(), who.roles.end()));
  return o;
}

// Wrong mail, wrong password: nobody is told which.
http::response refused() { return http::problem(fault(fault_kind::unauthenticated, "this mail address and this password do not belong together")); }

http::response second_factor_wanted(bool was_wrong) {
  auto const& kind = http::get_problem_kind(fault_kind::unauthenticated);
  auto const o = json::object{{"type", kind.type},
                              {"title", kind.title},
                              {"status", kind.status},
                              {"detail", was_wrong ? "this code does not fit, or was used already" : "the code of the second factor is missing"},
                              {"needs", "second_factor"}};
  return http::with_body(kind.status, "application/problem+json", json::to_string(o));
}

// Whether the code opens; of `a` it notes what was used.
bool use_code(desk const& with, account& a, std::string_view code, timestamp now) {
  auto const secret = with.unseal(a.totp);
  if (auto const step = identity::accept_totp(secret, code, now, a.totp_last); !secret.empty() && step) {
    a.totp_last = *step;
    return true;
  }
  auto const hash = text::to_hex(sha256(text::lower(code)));
  auto const it = std::ranges::find(a.recovery, hash);
  if (it == a.recovery.end()) return false;
  a.recovery.erase(it);
  return true;
}

}  // namespace

void require_from_own_page(http::request const& r) {
  require(r.headers.contains("X-DOS-Request"), fault_kind::forbidden, "this must carry the header X-DOS-Request: another site may have sent it");
}

http::response wait_first(int seconds) {
  auto answer = http::problem(fault(fault_kind::too_many, "too many tries: wait " + std::to_string(seconds) + " s"));
  answer.headers.set("Retry-After", std::to_string(seconds));
  return answer;
}

account own_account(desk const& with, session const& s) {
  auto a = with.find_by_subject(s, s.who().subject);
  require(a.has_value() && a->at == account::state::active, fault_kind::forbidden, "this is for somebody who is signed in with an account");
  return *a;
}

http::response signed_in_answer(desk const& with, session const& s, account const& a, std::string how, http::request const& r) {
  auto const value = begin_session(with.n, s, a, std::move(how), r.headers.text_or("User-Agent", ""));
  auto const now = with.n.clock.now();
  auto const who = who_signed_in(s.shared_city(), value, now);
  require(who.has_value(), fault_kind::unavailable, "the session has ended already");
  auto answer = http::json(200, json::to_string(describe_caller(with, session(s.shared_city(), *who))));
  answer.headers.set("Cache-Control", "no-store");
  answer.headers.set("Set-Cookie", cookie(s, value, r.secure, session_days * 86'400));
  return answer;
}

void tell_session::operator()(session s, http::request r, http::reply answer) const {
  auto a = http::json(200, json::to_string(describe_caller(*with, s)));
  a.headers.set("Cache-Control", "no-store");
  // A cookie of a session that is over is taken away.
  auto const is_account = !s.who().subject.empty();
  auto const has_cookie = std::ranges::any_of(r.headers.find_all("Cookie"), [&](auto h) { return h.find(cookie_name(s.city().id()) + '=') != h.npos; });
  if (has_cookie && !is_account) a.headers.set("Set-Cookie", cookie(s, "", r.secure, 0));
  answer(std::move(a));
}

void begin_signed_in::operator()(session s, http::request r, http::reply answer) const {
  require_from_own_page(r);
  auto const body = parse_body(r);
  auto const mail = read_mail(body);
  auto const password = body.text_or("password", "");
  require(password.size() <= password_bytes_max, fault_kind::invalid, "a password has up to 1,024 bytes", "password");
  auto const now = with->n.clock.now();
  if (auto const wait = with->limits.wait_s(r.peer, mail, now); wait > 0) return answer(wait_first(wait));
  auto a = with->find_by_mail(s, mail);
  auto const may = a && a->at == account::state::active && !a->password.empty();
  auto const fits = identity::fits_password(may ? a->password : with->hash_of_nobody, password);
  if (!may || !fits) {
    with->limits.failed(r.peer, mail, now);
    return answer(refused());
  }
  auto how = std::string("password");
  auto const before = *a;
  if (!a->totp.empty()) {
    auto const code = body.text_or("code", "");
    if (code.empty() || !use_code(*with, *a, code, now)) {
      if (!code.empty()) with->limits.failed(r.peer, mail, now);
      return answer(second_factor_wanted(!code.empty()));
    }
    how += "+code";
  }
  if (identity::is_outdated(a->password)) a->password = identity::hash_password(password);
  if (to_json(*a) != to_json(before)) {
    with->writer(s).apply([&](transaction& t) {
      auto const r = t.find_record(account_collection, a->id);
      auto current = r ? read_account(*r) : account();
      // Two at once with one code: the second is too late.
      require(r && current.totp_last == before.totp_last && current.recovery == before.recovery, fault_kind::conflict, "this code was used already", "code");
      current.totp_last = a->totp_last;
      current.recovery = a->recovery;
      current.password = a->password;
      t.put_record(account_collection, current.id, to_json(current));
    });
  }
  with->limits.succeeded(r.peer, mail, now);
  answer(signed_in_answer(*with, s, *a, how, r));
}

void end_signed_in::operator()(session s, http::request r, http::reply answer) const {
  require_from_own_page(r);
  for (auto const& b : sessions_of(s, account_of(s.who().subject))) {
    if (std::ranges::find(s.who().tokens, b.id) != s.who().tokens.end()) end_sessions(with->writer(s), {b});
  }
  auto done = http::no_content();
  done.headers.set("Set-Cookie", cookie(s, "", r.secure, 0));
  answer(std::move(done));
}

void list_sessions::operator()(session s, http::request r, http::reply answer) const {
  auto const asked = std::string(r.query.text_or("account", ""));
  auto const id = asked.empty() ? account_of(s.who().subject) : asked;
  require(id == account_of(s.who().subject) || s.who().may_administer(), fault_kind::forbidden, "sessions of others are for administrators");
  auto items = json::array();
  for (auto const& b : sessions_of(s, id)) {
    auto o = to_json(b).as_object();
    o.erase("account");
    o.push("own", std::ranges::find(s.who().tokens, b.id) != s.who().tokens.end());
    items.push_back(std::move(o));
  }
  answer(list_response(std::move(items), read_list_page(r)));
}

void end_one_session::operator()(session s, http::request r, http::reply answer) const {
  auto const wanted = r.param("id");
  auto const asked = std::string(r.query.text_or("account", ""));
  auto const id = asked.empty() ? account_of(s.who().subject) : asked;
  require(id == account_of(s.who().subject) || s.who().may_administer(), fault_kind::forbidden, "sessions of others are for administrators");
  auto const all = sessions_of(s, id);
  auto const it = std::ranges::find(all, wanted, &browser_session::id);
  require(it != all.end(), fault_kind::not_found, "there is no session " + std::string(wanted));
  end_sessions(with->writer(s), {*it});
  answer(http::no_content());
}

}  // namespace dos::people
