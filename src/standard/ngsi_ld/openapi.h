// The interface described for people and tools.
#pragma once

#include "base/json.h"

namespace dos::ngsi_ld {

json::value openapi_paths();  // the "paths" object of OpenAPI 3.1

}  // namespace dos::ngsi_ld
