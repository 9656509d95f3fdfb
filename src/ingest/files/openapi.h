// Mappings and imports described for people and tools.
#pragma once

#include "base/json.h"

namespace dos::files {

json::value mapping_schema();  // JSON Schema of a declaration
json::value openapi_paths();   // of OpenAPI 3.1

}  // namespace dos::files
