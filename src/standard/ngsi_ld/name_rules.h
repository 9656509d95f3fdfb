// Which ids, types, attributes and scopes may be called how. ETSI GS CIM 009, 4.6.2, 4.6.3 and 4.18
#pragma once

#include <string_view>
#include <vector>

#include "base/json.h"
#include "kernel/graph/entity.h"
#include "standard/ngsi_ld/json_ld.h"

namespace dos::ngsi_ld {

// Each throws fault invalid with member and clause.
void require_uri(std::string_view id, std::string_view member);
void require_attribute_name(std::string_view name);
std::vector<symbol> parse_types(json::value const& v, context const& c);  // one name or several
std::vector<symbol> parse_scopes(json::value const& v);                  // one path or several

}  // namespace dos::ngsi_ld
