// The running program: cities open, modules wired, port open, until it is told to stop.
#pragma once

#include "app/configuration.h"

namespace dos::app {

inline constexpr auto version = "0.1.0";

// Returns after SIGINT or SIGTERM, with everything stored.
void serve(options const& o);

}  // namespace dos::app
