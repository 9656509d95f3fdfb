// Accounts of a city, for its administrators; what belongs to oneself, for everybody who is signed in.
//
// Lists of accounts are for giving and taking rights. Nothing here is sorted, counted or told by what somebody did or when: there
// is no such member to ask for.
#pragma once

#include "capability/people/desk.h"

namespace dos::people {

struct list_accounts {  // GET /accounts, ?organisation= members of one now
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};
struct get_one_account {  // GET /accounts/{id}
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};
// POST /accounts {name, mail, role?, service?, memberships?} → 201 {…, invitation: one-time link}. 409 for a mail that has one.
struct create_account {
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};
// PATCH /accounts/{id} {name?, mail?, role?, state?, memberships?}. 409 for what would take the last administrator's rights.
struct change_account {
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};
// DELETE /accounts/{id}: the keys of name and mail are destroyed; what the person did stays, of a subject that nobody knows any more.
struct erase_account {
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};
struct invite_again {  // POST /accounts/{id}/invitations → 201 {invitation}; also when the password is forgotten
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};
// POST /accounts/{id}/delegations {to, organisation?, reason, from?, until?}: `to` stands in for {id}. By administrators, and by whoever is
// {id}. DELETE /accounts/{id}/delegations/{to}
struct delegate {
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};
struct take_back_delegation {
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};

struct change_password {  // POST /me/password {old, new}; other sessions end
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};
// POST /me/totp → {secret, uri}, once for show; PUT /me/totp {secret, code} → {recoveryCodes}, once for show; DELETE /me/totp {password}
struct propose_totp {
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};
struct confirm_totp {
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};
struct remove_totp {
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};

}  // namespace dos::people
