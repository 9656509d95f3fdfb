// $search: words of names and descriptions. OData 4.01 URL conventions, 5.1.2.7
#pragma once

#include "standard/sensorthings/expression.h"

namespace dos::sensorthings {

// `sea "water level" NOT old OR (a AND b)` as a filter. A word is found within others, in capitals or not. Faults:
// malformed; invalid for kinds that have no name.
expression_ptr parse_search(std::string_view text, kind of);

}  // namespace dos::sensorthings
