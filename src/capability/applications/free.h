// When a resource is free: what its type's no_overlap constraint leaves.
#pragma once

#include "capability/applications/tools.h"

namespace dos::applications {

inline constexpr std::int64_t free_us_max = 400ll * 86'400 * us_per_second;  // that one answer looks at

struct tell_free {
  tools with_;
  void operator()(session s, http::request r, http::reply answer) const;
};

}  // namespace dos::applications
