// What somebody changes about the own account: the password and the second factor.
#include <algorithm>

#include "base/fault.h"
#include "base/id.h"
#include "base/text.h"
#include "capability/people/account_api.h"
#include "capability/people/session_api.h"
#include "engine/identity/one_time_code.h"
#include "engine/identity/password_hash.h"
#include "kernel/city/city.h"
#include "people/signed_in.h"

namespace dos::people {
namespace {

constexpr int recovery_codes = 10;

// Fault too_many after too many wrong ones, like at the sign-in.
void require_password(desk const& with, account const& a, http::request const& r, std::string_view given, std::string_view member) {
  auto const now = with.n.clock.now();
  auto const wait = with.limits.wait_s(r.peer, a.id, now);
  require(wait == 0, fault_kind::too_many, "too many tries: wait " + std::to_string(wait) + " s");
  if (identity::fits_password(a.password, given)) return;
  with.limits.failed(r.peer, a.id, now);
  throw fault(fault_kind::forbidden, "this is not the password", std::string(member));
}

void end_others(desk const& with, session const& s, account const& a) {
  auto all = sessions_of(s, a.id);
  std::erase_if(all, [&](browser_session const& b) { return std::ranges::find(s.who().tokens, b.id) != s.who().tokens.end(); });
  end_sessions(with.writer(s), all);
}

std::string from_base32(std::string_view text) {
  auto out = std::string();
  auto held = 0u, bits = 0u;
  for (auto const c : text) {
    auto const letter = c >= 'A' && c <= 'Z' ? c - 'A' : c >= '2' && c <= '7' ? c - '2' + 26 : -1;
    require(letter >= 0, fault_kind::invalid, "secret is the text that was proposed", "secret");
    held = held << 5 | unsigned(letter);
    if ((bits += 5) >= 8) out += char(held >> (bits -= 8) & 0xff);
  }
  return out;
}

}  // namespace

void change_password::operator()(session s, http::request r, http::reply answer) const {
  auto const body = parse_body(r);
  auto a = own_account(*with, s);
  require_password(*with, a, r, body.text_or("old", ""), "old");
  auto const wanted = body.text_or("new", "");
  with->require_good_password(wanted, "new");
  a.password = identity::hash_password(wanted);
  with->writer(s).apply([&](transaction& t) { put_account(t, a); });
  end_others(*with, s, a);
  answer(http::no_content());
}

void propose_totp::operator()(session s, http::request, http::reply answer) const {
  auto const a = own_account(*with, s);
  auto const secret = identity::new_totp_secret();
  auto const uri = identity::totp_uri(secret, "DOS 2030 " + s.city().id(), with->unseal(a.mail));
  answer(http::json(200, json::to_string(json::object{{"secret", identity::to_base32(secret)}, {"uri", uri}})));
}

void confirm_totp::operator()(session s, http::request r, http::reply answer) const {
  auto const body = parse_body(r);
  auto a = own_account(*with, s);
  auto const secret = from_base32(body.text_or("secret", ""));
  require(secret.size() == 20, fault_kind::invalid, "secret is the text that was proposed", "secret");
  auto const step = identity::accept_totp(secret, body.text_or("code", ""), with->n.clock.now(), 0);
  require(step.has_value(), fault_kind::invalid, "this code does not fit: is the clock of the other device right?", "code");
  a.totp = with->seal(s, a, secret);
  a.totp_last = *step;
  a.recovery.clear();
  auto codes = json::array();
  for (auto i = 0; i < recovery_codes; ++i) {
    auto const code = text::lower(identity::to_base32(random_bytes(10)));
    codes.push_back(code);
    a.recovery.push_back(text::to_hex(sha256(code)));
  }
  with->writer(s).apply([&](transaction& t) { put_account(t, a); });
  end_others(*with, s, a);
  answer(http::json(200, json::to_string(json::object{{"recoveryCodes", std::move(codes)}})));
}

void remove_totp::operator()(session s, http::request r, http::reply answer) const {
  auto a = own_account(*with, s);
  require_password(*with, a, r, parse_body(r).text_or("password", ""), "password");
  a.totp.clear();
  a.recovery.clear();
  with->writer(s).apply([&](transaction& t) { put_account(t, a); });
  answer(http::no_content());
}

}  // namespace dos::people
