// Who asks.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/symbol.h"
#include "base/time.h"

namespace dos {

// Each role may do what the roles before it may; `member` is somebody known, who has what grants give (kernel/model) and
// reads what is open. `device` alone stands apart: it reads what is open and what it brought, and its writes
// bring values and nothing else, whatever door they come through (kernel/city/governed_write.h):
// - it makes entities, as many as brought_entities_max; they are its own from then on, known by the name of its token;
// - of its own, and of those that its token names (`brings`), it sets values and adds observations;
// - it deletes nothing, rewrites no history, and changes no type, scope or end of what is there;
// - what others brought it neither changes nor, while it is not open, learns of; records of the platform it leaves alone.
enum class role { anonymous, member, viewer, device, editor, admin };
std::string_view to_text(role r);
// Throws fault invalid with the list of roles.
role parse_role(std::string_view text);

struct principal {
  std::string name = "anonymous";
  dos::role role = role::anonymous;
  // The queue its writes wait in, and the source they are counted under: "http:10.0.0.7", "webhook:chirpstack", …
  std::string source = "http";
  // What ends all this: the revocation of one of these tokens, and a time.
  std::vector<std::string> tokens = {};
  timestamp until = timestamp_max;
  // New names that it brings are taken from here; none: the program itself.
  std::shared_ptr<name_allowance> names = {};
  // Where all this holds, "*": in every city. Elsewhere it is nobody: it reads what is open.
  std::string city = "*";
  // Of a device: entities of others that it brings values for: ids, or how they begin: "urn:ngsi-ld:Lamp:*".
  std::vector<std::string> brings = {};
  // Whom its acts are ascribed to and whom persons in entities are compared with ($me): of an account, or of a token that
  // names one; empty: nobody in particular.
  std::string subject = {};
  std::vector<std::string> organisations = {};  // $my_organisations
  std::vector<std::string> roles = {};          // of packages (kernel/model/registry.h), beside the plain one above

  bool is_at_home_in(std::string_view other) const { return city == "*" || city == other; }
  bool brings_as_told(std::string_view entity) const;

  // Its writes are looked at one by one.
  bool is_governed() const { return role == role::device; }
  bool may_read_all() const { return role >= role::viewer && role != role::device; }
  bool may_write() const { return role >= role::device; }
  bool may_edit() const { return role >= role::editor; }
  bool may_administer() const { return role == role::admin; }
};

// As it stands in records of what acts for somebody later: subscriptions, sessions. With what ends it.
json::value to_json(principal const& p);
principal read_principal(json::value const& v);

}  // namespace dos
