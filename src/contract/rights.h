// Who may do what at the platform's own interface, told in one sentence.
#pragma once

#include "base/fault.h"
#include "kernel/session/session.h"

namespace dos {

inline void require_right(session const& s, bool has, std::string_view what) {
  if (has) return;
  if (s.who().role == role::anonymous) throw fault(fault_kind::unauthenticated, std::string(what) + " needs a token");
  throw fault(fault_kind::forbidden, "the role " + std::string(to_text(s.who().role)) + " does not include: " + std::string(what));
}

inline void require_reader(session const& s) { require_right(s, s.who().may_read_all(), "looking at this"); }
inline void require_editor(session const& s) { require_right(s, s.who().may_edit(), "changing this"); }
inline void require_administrator(session const& s) { require_right(s, s.who().may_administer(), "administering this"); }

}  // namespace dos
