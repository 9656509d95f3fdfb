// Who asks.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/symbol.h"
#include "base/time.h"

namespace dos {

// Each role may do what the roles before it may; `device` may write only what its source brings in.
enum class role { anonymous, viewer, device, editor, admin };
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

  bool may_read_all() const { return role >= role::viewer && role != role::device; }
  bool may_write() const { return role >= role::device; }
  bool may_edit() const { return role >= role::editor; }
  bool may_administer() const { return role == role::admin; }
};

}  // namespace dos
