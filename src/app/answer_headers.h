// Headers that every answer carries, whoever made it.
#pragma once

#include "http/door.h"

namespace dos::app {

// After what the route and `more` add: over TLS browsers are told to come back over TLS (RFC 6797); a page from a module
// that says nothing of its own may load and run nothing.
http::dressing answer_headers(http::dressing of_route, http::dressing more, bool is_secure);

}  // namespace dos::app
