// Units between UN/CEFACT codes, as NGSI-LD has them, and name, symbol and definition, as SensorThings has them.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace dos::sensorthings {

// {"name", "symbol", "definition"}; all null for an empty code.
json::value describe_unit(std::string_view code);
// The code for a unit as clients describe it; empty when it is none we know.
std::string find_unit_code(json::value const& unit_of_measurement);

}  // namespace dos::sensorthings
