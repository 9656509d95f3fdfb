// The value of each kind of attribute as clients write it, checked and in the form that is stored. ETSI GS CIM 009, 4.5
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/json_ld.h"
#include "base/time.h"
#include "kernel/graph/entity.h"

namespace dos {

// In place of a value: remove what stands there. ETSI GS CIM 009, 4.5.0
inline constexpr std::string_view null_uri = "urn:ngsi-ld:null";
bool is_null_uri(json::value const& v);

// `path` names the member in faults, which are all invalid.
timestamp parse_time(json::value const& v, std::string const& path);    // 4.6.3
void forbid_null(json::value const& v, std::string const& path);        // 5.5.4
void forbid_null_uri(json::value const& v, std::string_view path);      // where there is nothing to remove: 5.5.4
json::value checked_uris(json::value v, std::string const& path);         // of a relationship, 4.5.3
json::value checked_value(attribute_kind k, json::value v, context const& c, std::string const& path);

}  // namespace dos
