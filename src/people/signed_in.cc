#include "people/signed_in.h"

#include <algorithm>
#include <array>

#include "base/fault.h"
#include "base/id.h"
#include "base/text.h"
#include "kernel/access/token.h"
#include "kernel/city/city.h"

namespace dos::people {
namespace {

constexpr std::int64_t us_a_day = 86'400 * us_per_second;
constexpr std::int64_t session_us = session_days * us_a_day;

void revoke(transaction& t, std::string const& what, timestamp until) {
  if (what.empty() || t.find_record(revoked_tokens_collection, what)) return;
  t.put_record(revoked_tokens_collection, what, json::object{{"at", to_string(t.now())}, {"until", to_string(until)}});
}

std::string key_of(std::string_view account, std::string_view secret) { return std::string(account) + '/' + text::to_hex(sha256(secret)); }

session nobody_in(std::shared_ptr<city> const& c) { return {c, principal{.name = "sign-in"}}; }

}  // namespace

std::string cookie_name(std::string_view city) { return "dos_session_" + std::string(city); }

std::string device_of(std::string_view agent) {
  auto const find = [&](auto const& all) {
    for (auto const& [sign, name] : all) {
      if (agent.find(sign) != agent.npos) return std::string(name);
    }
    return std::string();
  };
  using word = std::pair<std::string_view, std::string_view>;
  auto const browser = find(std::array{word{"Edg/", "Edge"}, word{"OPR/", "Opera"}, word{"Firefox/", "Firefox"}, word{"Chrom", "Chromium"},
                                       word{"Safari/", "Safari"}, word{"curl/", "curl"}});
  auto const system = find(std::array{word{"Android", "Android"}, word{"iPhone", "iPhone"}, word{"iPad", "iPad"}, word{"Windows", "Windows"},
                                      word{"Mac OS", "macOS"}, word{"Linux", "Linux"}});
  return browser.empty() || system.empty() ? browser + system : browser + ", " + system;
}

json::value to_json(browser_session const& b) {
  return json::object{{"id", b.id},   {"account", b.account}, {"begun", to_string(b.begun)}, {"until", to_string(b.until)},
                      {"how", b.how}, {"device", b.device}};
}

browser_session read_browser_session(std::string_view key, json::value const& r) {
  return {std::string(key),
          std::string(r.text_or("id", "")),
          std::string(r.text_or("account", "")),
          parse_timestamp(r.text_or("begun", "")).value_or(timestamp_min),
          parse_timestamp(r.text_or("until", "")).value_or(timestamp_min),
          std::string(r.text_or("how", "")),
          std::string(r.text_or("device", ""))};
}

std::vector<browser_session> sessions_of(session const& s, std::string_view account) {
  auto all = std::vector<browser_session>();
  auto const begins = std::string(account) + '/';
  s.for_each_record(account_session_collection, begins, [&](std::string_view key, record_ptr const& r) {
    if (!key.starts_with(begins)) return false;
    all.push_back(read_browser_session(key, *r));
    return true;
  });
  std::ranges::sort(all, [](auto const& a, auto const& b) { return a.begun > b.begun; });
  return all;
}

std::string begin_session(node const& n, session const& s, account const& a, std::string how, std::string_view user_agent) {
  auto const secret = new_secret();
  auto const now = n.clock.now();
  auto const fresh = browser_session{key_of(a.id, secret), new_uuid(), a.id, now, now + session_us, std::move(how), device_of(user_agent)};
  auto old = sessions_of(s, a.id);
  if (old.size() < sessions_of_account_max) old.clear();
  else old.erase(old.begin(), old.begin() + std::ptrdiff_t(sessions_of_account_max - 1));
  n.as_source(s.shared_city(), "sign-in").apply([&](transaction& t) {
    for (auto const& o : old) t.erase_record(account_session_collection, o.key);
    t.put_record(account_session_collection, fresh.key, to_json(fresh));
  });
  return a.id + '.' + secret;
}

std::optional<browser_session> find_session(session const& s, std::string_view cookie, timestamp now) {
  auto const dot = cookie.find('.');
  if (dot == cookie.npos) return std::nullopt;
  auto const key = key_of(cookie.substr(0, dot), cookie.substr(dot + 1));
  auto const r = s.find_record(account_session_collection, key);
  if (!r) return std::nullopt;
  auto b = read_browser_session(key, *r);
  return now < b.until ? std::optional(std::move(b)) : std::nullopt;
}

void end_sessions(session const& s, std::vector<browser_session> const& which) {
  if (which.empty()) return;
  s.apply([&](transaction& t) {
    for (auto const& b : which) {
      t.erase_record(account_session_collection, b.key);
      revoke(t, b.id, b.until);
    }
  });
}

std::optional<principal> who_signed_in(std::shared_ptr<city> const& c, std::string_view cookie, timestamp now) {
  auto const s = nobody_in(c);
  auto const b = find_session(s, cookie, now);
  auto const a = b ? find_account(s, b->account) : std::nullopt;
  if (!a || a->at != account::state::active) return std::nullopt;
  auto const may = standing_of(s, *a, now);
  return principal{.name = "account " + a->id.substr(0, 8),
                   .role = a->role,
                   .source = "http/" + a->id,
                   .tokens = {b->id, a->stamp},
                   .until = std::min(b->until, may.until),
                   .city = c->id(),
                   .subject = a->subject,
                   .organisations = may.organisations,
                   .roles = may.roles};
}

void put_account(transaction& t, account a) {
  auto const before = t.find_record(account_collection, a.id);
  if (before) revoke(t, std::string(before->text_or("stamp", "")), t.now() + session_us);
  a.stamp = new_uuid();
  t.put_record(account_collection, a.id, to_json(a));
}

}  // namespace dos::people
