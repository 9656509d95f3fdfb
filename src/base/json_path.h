// Where something stands in a document, as mappings and profiles write it: "results.0.value".
#pragma once

#include <string_view>

#include "base/json.h"

namespace dos::json {

// The value at the path: names of members and places in lists, with points between. A name that has points in it itself
// is found as well, and first. The whole document for an empty path; nothing where there is none.
value const* find_path(value const& document, std::string_view path);

}  // namespace dos::json
