// Actions at the door: which ones somebody may do now, and doing them.
#pragma once

#include "capability/applications/tools.h"

namespace dos::applications {

inline constexpr std::size_t acts_at_once_max = 1'000;

struct list_actions {
  tools with_;
  void operator()(session s, http::request r, http::reply answer) const;
};

struct perform_action {
  tools with_;
  void operator()(session s, http::request r, http::reply answer) const;
};

// From the head of the request: the entity is there for who asks, unless a key may have been used to delete it. Faults:
// not_found.
void require_seen(session const& s, http::request const& r);

struct perform_on_many {
  tools with_;
  void operator()(session s, http::request r, http::reply answer) const;
};

}  // namespace dos::applications
