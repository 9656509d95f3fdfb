// JSON Patch (RFC 6902) on a document.
#pragma once

#include "base/json.h"

namespace dos::sensorthings {

// Faults: malformed, conflict (a test fails), invalid (a path leads nowhere), too_large (it makes more than a body could hold).
json::value patched(json::value document, json::value const& operations);

}  // namespace dos::sensorthings
