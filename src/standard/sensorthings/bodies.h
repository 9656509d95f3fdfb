// What the body of a new entity has to be like.
#pragma once

#include <string_view>

#include "base/json.h"
#include "standard/sensorthings/vocabulary.h"

namespace dos::sensorthings {

json::value const* member_of(json::value const& body, std::string_view name);  // nothing for null, too
// Faults: invalid.
void require_known_members(json::value const& body, kind k);
void require_properties(json::value const& body, kind k);

}  // namespace dos::sensorthings
