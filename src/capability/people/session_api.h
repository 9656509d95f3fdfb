// Signing in and out of one city, and the sessions of an account. Cookies hold a random secret, are for one city alone, unreadable
// for scripts, and never sent by other sites; each sign-in makes a new one.
#pragma once

#include "capability/people/desk.h"

namespace dos::people {

// Another site must not sign a browser in or out. Fault: forbidden.
void require_from_own_page(http::request const& r);
http::response wait_first(int seconds);  // 429 with Retry-After
// Begins a session; 200 with who it is, and the cookie.
http::response signed_in_answer(desk const& with, session const& s, account const& a, std::string how, http::request const& r);

struct tell_session {  // GET /session
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};
// POST /session {mail, password, code?}. 401 whether the mail or the password is wrong, after the same time; 401 with needs:
// "second_factor" when only the code is missing or wrong; 429.
struct begin_signed_in {
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};
struct end_signed_in {  // DELETE /session
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};
struct list_sessions {  // GET /sessions: one's own; ?account= for administrators
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};
struct end_one_session {  // DELETE /sessions/{id}
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};

// Who asks; fault forbidden where that is no account.
account own_account(desk const& with, session const& s);

}  // namespace dos::people
