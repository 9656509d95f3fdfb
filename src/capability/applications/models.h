// Who I am, which types there are, and making entities of them.
#pragma once

#include "capability/applications/tools.h"

namespace dos::applications {

inline constexpr std::size_t made_at_once_max = 1'000;

struct tell_me {
  void operator()(session s, http::request r, http::reply answer) const;
};

struct list_models {
  void operator()(session s, http::request r, http::reply answer) const;
};

struct get_model {
  void operator()(session s, http::request r, http::reply answer) const;
};

// One, or several as an array: all or none.
struct make_entities {
  tools with_;
  void operator()(session s, http::request r, http::reply answer) const;
};
// From the head of the request: whether the type is there for who asks, and theirs to make. Faults: not_found, forbidden,
// unauthenticated.
void require_may_create(session const& s, http::request const& r);

}  // namespace dos::applications
