// The interface described for people and tools.
#pragma once

#include <string_view>

#include "base/json.h"
#include "http/request.h"

namespace dos::ngsi_ld {

// The clause of ETSI GS CIM 009 that defines what is asked for: "5.6.17"; empty for what is not of the standard.
std::string_view clause_of(http::request const& r);
json::value openapi();  // our part of /openapi.json; its schemas stand in openapi/ngsi-ld.yaml

}  // namespace dos::ngsi_ld
