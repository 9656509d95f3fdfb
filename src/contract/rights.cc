#include "contract/rights.h"

#include <string>

#include "base/fault.h"

namespace dos {

std::string_view to_text(need n) {
  switch (n) {
    case need::nothing: return "nothing";
    case need::person: return "person";
    case need::member: return "member";
    case need::reader: return "reader";
    case need::writer: return "writer";
    case need::editor: return "editor";
    case need::admin: return "admin";
    case need::own: return "own";
  }
  return {};
}

bool meets(principal const& who, need n) {
  switch (n) {
    case need::nothing:
    case need::own: return true;
    case need::person: return !who.subject.empty();
    case need::member: return !who.subject.empty() || who.may_read_all();
    case need::reader: return who.may_read_all();
    case need::writer: return who.may_write();
    case need::editor: return who.may_edit();
    case need::admin: return who.may_administer();
  }
  return false;
}

void require_need(principal const& who, need n) {
  if (meets(who, n)) return;
  require(who.role != role::anonymous, fault_kind::unauthenticated, "this needs a token: Authorization: Bearer …");
  require(n != need::person && n != need::member, fault_kind::forbidden, "this is for somebody who is signed in with an account");
  require(n != need::reader, fault_kind::forbidden, "the token of a device may not read this");
  auto const least = n == need::writer ? role::device : n == need::editor ? role::editor : role::admin;
  throw fault(fault_kind::forbidden,
              "this needs the role " + std::string(to_text(least)) + "; yours is " + std::string(to_text(who.role)));
}

}  // namespace dos
