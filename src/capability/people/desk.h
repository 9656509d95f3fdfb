// What all routes about people share.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "contract/contract.h"
#include "engine/identity/leaked_passwords.h"
#include "people/account.h"
#include "people/sign_in_limits.h"

namespace dos::people {

inline constexpr std::size_t password_chars_min = 12;
inline constexpr std::size_t password_bytes_max = 1'024;
inline constexpr std::int64_t invitation_days = 7;

struct desk {
  explicit desk(node const& n);

  // The platform's own writes, whoever asked for them: accounts are nobody's to write beside these routes.
  session writer(session const& s) const { return n.as_source(s.shared_city(), "people"); }

  std::string seal(session const& s, account const& a, std::string_view plain) const;
  std::string unseal(std::string_view sealed) const;  // empty: erased
  // Who has it; nothing where nobody does.
  std::optional<account> find_by_mail(session const& s, std::string_view mail) const;
  std::optional<account> find_by_subject(session const& s, std::string_view subject) const;
  // Faults: invalid, naming `member`.
  void require_good_password(std::string_view password, std::string_view member) const;
  json::object describe(account const& a, timestamp now) const;

  node const& n;
  identity::leaked_passwords leaked;
  std::string hash_of_nobody;  // so that an account that does not exist takes as long
  mutable sign_in_limits limits;
  mutable std::mutex changing;  // accounts: so that two do not get one mail, and the last administrator stays
};
using desk_ptr = std::shared_ptr<desk const>;

// "Ada@Example.org " → "ada@example.org". Faults: invalid, naming mail.
std::string read_mail(json::value const& body);
std::string account_of(std::string_view subject);  // its id
std::string subject_of(std::string_view account);

}  // namespace dos::people
