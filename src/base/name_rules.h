// Which ids, types, attributes and scopes may be called how. ETSI GS CIM 009, 4.6.2, 4.6.3 and 4.18
#pragma once

#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/json_ld.h"
#include "base/symbol.h"

namespace dos {

// Each throws fault invalid with member and clause.
void require_uri(std::string_view id, std::string_view member);
void require_attribute_name(std::string_view name);
// As well that the name has no other meaning in an entity ("id", "observedAt", "scope"). 4.5.1
void require_free_attribute_name(std::string_view name);
void require_type_name(std::string_view name);
std::vector<symbol> parse_types(json::value const& v, context const& c);  // one name or several
std::vector<symbol> parse_scopes(json::value const& v);                  // one path or several

}  // namespace dos
