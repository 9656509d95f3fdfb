// The interface of the whole program as an OpenAPI 3.1 document.
#pragma once

#include <vector>

#include "contract/contract.h"

namespace dos::app {

// Put together from openapi/*.yaml and what modules tell of themselves. Added here: the cities, the parameters of paths that
// are told nowhere else, the usual error, and a bare mention of each route that nobody describes.
json::value describe_interface(node const& n, std::vector<offer> const& all);

}  // namespace dos::app
