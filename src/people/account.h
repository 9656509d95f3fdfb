// Somebody who signs in: a person, or a service that acts for one. Accounts are a city's own, and records of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/record_collection.h"
#include "base/time.h"
#include "contract/contract.h"
#include "kernel/access/principal.h"

namespace dos::people {

inline constexpr auto account_collection = record_collection{"account", "people", "id"};
inline constexpr std::size_t accounts_max = 1'000'000;        // of a city
inline constexpr std::size_t memberships_max = 100;           // of an account; likewise covers
inline constexpr std::size_t name_bytes_max = 200;

// From (with) until (without); always: until it is taken away.
struct term {
  timestamp from = timestamp_min;
  timestamp until = timestamp_max;

  bool holds(timestamp now) const { return from <= now && now < until; }
};

struct membership {
  std::string organisation;
  std::vector<std::string> roles;  // of packages, there
  term when;
};

// Somebody stands in for somebody else: has the memberships of the other in one organisation, or in all of them.
struct cover {
  std::string whom;          // account
  std::string organisation;  // empty: all
  std::string reason;        // "Urlaub", "Nachfolge"
  term when;
};

struct account {
  std::string id = {};
  bool is_service = false;
  enum class state { invited, active, disabled } at = state::invited;
  std::string subject = {};   // "urn:ngsi-ld:Person:…": random; what principals, entities and logs say
  std::string mail = {};      // sealed, like the name: see vault
  std::string name = {};
  dos::role role = role::member;  // the plain one, beside what memberships bring
  std::string password = {};           // hash; empty: none
  std::string totp = {};               // sealed secret; empty: no second factor
  std::int64_t totp_last = 0;     // step of the last code: none is taken twice
  std::vector<std::string> recovery = {};  // hashes of codes that open once each in place of the second factor
  std::vector<membership> memberships = {};
  std::vector<cover> covers = {};
  timestamp since = {};
  std::string stamp = {};  // another one with each change: what was begun with the old one ends
};

std::string_view to_text(account::state s);
json::value to_json(account const& a);
account read_account(json::value const& record);
std::optional<account> find_account(session const& s, std::string_view id);
account get_account(session const& s, std::string_view id);  // fault not_found

// Of a request: {from?, until?}. Faults: invalid, with the member.
term read_term(json::value const& o);
void add_term(json::object& o, term const& t);

// What somebody may at a moment: the plain role, roles and organisations of memberships and covers that hold. `until`: when that
// changes next.
struct standing {
  std::vector<std::string> organisations, roles;
  timestamp until = timestamp_max;
};
standing standing_of(session const& s, account const& a, timestamp now);

}  // namespace dos::people
