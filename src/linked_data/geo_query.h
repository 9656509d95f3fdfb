// Where: the geoquery of NGSI-LD, to the kernel's query tree. ETSI GS CIM 009, 4.10
#pragma once

#include <string_view>

#include "base/json.h"
#include "kernel/graph/query.h"
#include "linked_data/naming.h"

namespace dos::linked_data {

struct geo_query {
  std::string_view georel;       // near;maxDistance==2000
  std::string_view geometry;     // Point
  json::value coordinates;       // array
  std::string_view geoproperty;  // empty: location
};

// Throws fault invalid that names the member.
query::node_ptr parse_geo_query(geo_query const& g, naming const& n);

}  // namespace dos::linked_data
