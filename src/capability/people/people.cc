#include "capability/people/people.h"

#include "capability/people/account_api.h"
#include "capability/people/invitation.h"
#include "capability/people/organisation_api.h"
#include "capability/people/session_api.h"
#include "kernel/city/city.h"
#include "people/signed_in.h"

namespace dos::people {

offer offer_people(node& n) {
  auto const with = std::make_shared<desk const>(n);
  n.who_signed_in = [&n](std::shared_ptr<city> const& c, std::string_view cookie) { return who_signed_in(c, cookie, n.clock.now()); };
  auto const slow = thread_use::slow;
  auto const base = std::string("/platform/v1/");
  auto o = offer();
  o.name = "people";
  o.city_routes = {
      {"GET", base + "session", need::own, tell_session{with}, slow},
      {"POST", base + "session", need::own, begin_signed_in{with}, slow},
      {"DELETE", base + "session", need::own, end_signed_in{with}, slow},
      {"GET", base + "sessions", need::member, list_sessions{with}, slow},
      {"DELETE", base + "sessions/{id}", need::member, end_one_session{with}, slow},
      {"POST", base + "invitations", need::own, accept_invitation{with}, slow},
      {"POST", base + "me/password", need::person, change_password{with}, slow},
      {"POST", base + "me/totp", need::person, propose_totp{with}, slow},
      {"PUT", base + "me/totp", need::person, confirm_totp{with}, slow},
      {"DELETE", base + "me/totp", need::person, remove_totp{with}, slow},
      {"GET", base + "accounts", need::admin, list_accounts{with}, slow},
      {"POST", base + "accounts", need::admin, create_account{with}, slow},
      {"GET", base + "accounts/{id}", need::admin, get_one_account{with}, slow},
      {"PATCH", base + "accounts/{id}", need::admin, change_account{with}, slow},
      {"DELETE", base + "accounts/{id}", need::admin, erase_account{with}, slow},
      {"POST", base + "accounts/{id}/invitations", need::admin, invite_again{with}, slow},
      {"POST", base + "accounts/{id}/delegations", need::member, delegate{with}, slow},
      {"DELETE", base + "accounts/{id}/delegations/{to}", need::member, take_back_delegation{with}, slow},
      {"GET", base + "organisations", need::member, list_organisations(), slow},
      {"POST", base + "organisations", need::admin, create_organisation{with}, slow},
      {"GET", base + "organisations/{id}", need::member, get_organisation(), slow},
      {"PUT", base + "organisations/{id}", need::admin, put_organisation{with}, slow},
      {"DELETE", base + "organisations/{id}", need::admin, erase_organisation{with}, slow},
  };
  return o;
}

}  // namespace dos::people
