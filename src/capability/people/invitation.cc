#include "capability/people/invitation.h"

#include "base/fault.h"
#include "base/id.h"
#include "base/text.h"
#include "capability/people/session_api.h"
#include "engine/identity/password_hash.h"
#include "http/percent.h"
#include "http/problem.h"
#include "kernel/city/city.h"
#include "people/signed_in.h"

namespace dos::people {
namespace {

constexpr std::int64_t us_a_day = 86'400 * us_per_second;

std::string key_of(std::string_view code) { return text::to_hex(sha256(code)); }

bool is_used(json::value const& r) { return r.find("used") != nullptr; }

}  // namespace

std::string invite(transaction& t, session const& s, std::string const& account) {
  auto old = std::vector<std::string>();
  s.for_each_record(invitation_collection, "", [&](std::string_view key, record_ptr const& r) {
    auto const ended = parse_timestamp(r->text_or("until", "")).value_or(timestamp_min) + 30 * us_a_day < t.now();
    if (ended || (r->text_or("account", "") == account && !is_used(*r))) old.emplace_back(key);
    return true;
  });
  for (auto const& key : old) t.erase_record(invitation_collection, key);
  auto const code = new_secret();
  t.put_record(invitation_collection, key_of(code), json::object{{"account", account}, {"until", to_string(t.now() + invitation_days * us_a_day)}});
  return code;
}

std::string link_for(node const& n, std::string const& city, std::string const& code) {
  return n.public_url + "/workplace/anmelden/?city=" + http::percent_encoded(city) + "&einladung=" + code;
}

void accept_invitation::operator()(session s, http::request r, http::reply answer) const {
  require_from_own_page(r);
  auto const body = parse_body(r);
  auto const key = key_of(body.text_or("code", ""));
  auto const password = body.text_or("password", "");
  auto const now = with->n.clock.now();
  auto const wait = with->limits.wait_s(r.peer, "invitation", now);
  if (wait > 0) return answer(wait_first(wait));
  auto const found = s.find_record(invitation_collection, key);
  if (!found) with->limits.failed(r.peer, "invitation", now);
  require(found != nullptr, fault_kind::not_found, "there is no such invitation", "code");
  auto const until = parse_timestamp(found->text_or("until", "")).value_or(timestamp_min);
  if (is_used(*found) || until <= now) return answer(http::problem(410, "this invitation was used already, or has ended: ask for another one"));
  with->require_good_password(password, "password");
  auto a = get_account(s, found->text_or("account", ""));
  require(a.at != account::state::disabled, fault_kind::forbidden, "this account is closed");
  a.password = identity::hash_password(password);
  a.at = account::state::active;
  with->writer(s).apply([&](transaction& t) {
    auto const still = t.find_record(invitation_collection, key);
    require(still && !is_used(*still), fault_kind::conflict, "this invitation was used already", "code");
    auto used = still->as_object();
    used.push("used", to_string(t.now()));
    t.put_record(invitation_collection, key, std::move(used));
    put_account(t, a);
  });
  end_sessions(with->writer(s), sessions_of(s, a.id));  // whoever had the old password
  answer(signed_in_answer(*with, s, get_account(s, a.id), "invitation", r));
}

}  // namespace dos::people
