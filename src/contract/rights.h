// Who may look at the platform's own records (devices, quarantine, sources): staff, but no device's token.
#pragma once

#include "contract/contract.h"

namespace dos {

inline void require_reader(session const& s) {
  require_role(s, role::viewer);
  require(s.who().may_read_all(), fault_kind::forbidden, "the token of a device may not read this");
}

}  // namespace dos
