// Bearer tokens: who may do what in which city, signed with the key of the node's data directory. Nothing is looked up to
// check one; revoked ones are listed per city.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/record_collection.h"
#include "base/time.h"
#include "kernel/access/principal.h"

namespace dos {

struct token {
  std::string id;           // names it in the list of revoked ones
  std::string parent = {};  // of a browser's session that was begun with a token: that one's id. It ends with it
  std::string city;         // "*": every city of the node
  dos::role role = role::viewer;
  std::string name;         // of whom it was made for
  timestamp issued_at;
  timestamp expires_at = timestamp_max;
  std::vector<std::string> brings = {};  // see principal, like these
  std::string subject = {};
  std::vector<std::string> organisations = {};
  std::vector<std::string> roles = {};
};

// What of a request for a token makes principal::brings. Faults: invalid.
std::vector<std::string> read_brings(json::value const* list, dos::role role);
// Of texts, at most 100 of up to 256 bytes; none: empty. Faults: invalid, naming `member`.
std::vector<std::string> read_names(json::value const* list, std::string_view member);
// Who comes with it, to that door: "http", "mqtt".
principal to_principal(token const& t, std::string const& door);

inline constexpr std::string_view token_prefix = "dos.";
// "dos.<claims>.<signature>", HMAC-SHA-256.
std::string sign(token const& t, std::string_view key);
// Nothing when it is not ours or has expired at `now`.
std::optional<token> verify(std::string_view text, std::string_view key, timestamp now);

// key: token::id; with "until", when the token ends by itself and need not be remembered any more.
inline constexpr auto revoked_tokens_collection = record_collection{"revoked_token", "kernel/access", "id of the token"};

}  // namespace dos
