// What a route asks of whoever comes. The edge decides it from the head of the request alone: before a body is read, a name
// interned or anything noted.
#pragma once

#include <string_view>

#include "kernel/access/principal.h"

namespace dos {

enum class need {
  nothing,  // everybody; what they get to see is decided by their view
  person,   // somebody whose acts are ascribed to them: signed in with an account, or by a token that names a subject
  member,   // a person, or whoever reads the platform's own records
  reader,   // looks at the platform's own records (devices, quarantine, sources): staff, but no device's token
  writer,   // brings values in: devices, whoever edits, and whom a grant lets write
  editor,
  admin,
  own       // the route tells callers apart by secrets of its own (sign-in, webhooks): a token that is not valid is none
};

std::string_view to_text(need n);
bool meets(principal const& who, need n);
// Faults: unauthenticated for nobody in particular, forbidden for others.
void require_need(principal const& who, need n);

}  // namespace dos
