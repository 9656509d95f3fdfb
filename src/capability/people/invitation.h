// One-time links: for the first password of an account, and for another one when it is forgotten.
#pragma once

#include "base/record_collection.h"
#include "capability/people/desk.h"

namespace dos::people {

inline constexpr auto invitation_collection = record_collection{"invitation", "capability/people", "hash of the code"};

// In a transaction: one for the account, ending all others of it. Gives the code; the link is PUBLIC_URL/workplace/anmelden/?city=…&einladung=CODE.
std::string invite(transaction& t, session const& s, std::string const& account);
std::string link_for(node const& n, std::string const& city, std::string const& code);

// POST /invitations {code, password} → signs in. 404 for a code that never was, 410 for one that was used or has ended; 422 fields.
struct accept_invitation {
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};

}  // namespace dos::people
