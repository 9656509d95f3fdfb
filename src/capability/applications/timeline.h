// Who did what with an entity, and how it changed, as far as the asker may see it.
#pragma once

#include "capability/applications/tools.h"

namespace dos::applications {

struct tell_timeline {
  tools with_;
  void operator()(session s, http::request r, http::reply answer) const;
};

}  // namespace dos::applications
