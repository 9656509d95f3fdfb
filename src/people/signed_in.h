// Sessions of browsers: account and random secret ("ID.SECRET") in a cookie of one city; its hash names a record. What somebody may is asked of the account at
// each request, so that a membership that ended and an account that was closed work at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "people/account.h"

namespace dos::people {

inline constexpr auto account_session_collection = record_collection{"account_session", "people", "account/hash of the secret"};
inline constexpr std::int64_t session_days = 30;
inline constexpr std::size_t sessions_of_account_max = 50;  // the oldest gives way

// "dos_session_dortmund"
std::string cookie_name(std::string_view city);

struct browser_session {
  std::string key;   // of the record
  std::string id;    // public: it names the session in lists and ends it
  std::string account;
  timestamp begun, until;
  std::string how;     // "password", "password+totp", …
  std::string device;  // "Firefox, Linux": no more of the user agent
};
json::value to_json(browser_session const& b);
browser_session read_browser_session(std::string_view key, json::value const& record);
// The family of browser and system, in words; empty: unknown.
std::string device_of(std::string_view user_agent);

// A new one for the account; the oldest beyond sessions_of_account_max goes. Gives what the cookie holds.
std::string begin_session(node const& n, session const& s, account const& a, std::string how, std::string_view user_agent);
std::optional<browser_session> find_session(session const& s, std::string_view cookie, timestamp now);
std::vector<browser_session> sessions_of(session const& s, std::string_view account);  // the newest first
// Ends them, and what was begun in them: streams, subscriptions.
void end_sessions(session const& s, std::vector<browser_session> const& which);

// Who comes with that cookie; nothing when the session or the account is no more.
std::optional<principal> who_signed_in(std::shared_ptr<city> const& c, std::string_view cookie, timestamp now);

// In a transaction that changes the account: the new state of it, under a new stamp. Whatever was begun with the old one and goes on
// (streams, subscriptions) ends.
void put_account(transaction& t, account a);

}  // namespace dos::people
