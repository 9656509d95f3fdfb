// Which entities, and what of them: from URL parameters and from Query bodies. ETSI GS CIM 009, 5.2.23, 5.7.2, 6.4.3
#pragma once

#include <string>
#include <string_view>

#include "kernel/graph/query.h"
#include "linked_data/naming.h"
#include "standard/ngsi_ld/call.h"
#include "standard/ngsi_ld/vocabulary.h"

namespace dos::ngsi_ld {

struct entity_query {
  query::query which;
  ngsi_ld::projection projection;
  bool is_selective = false;  // names types, attributes, q, geo, ids …, so that it may be asked at all
};

// From ?type=…&id=…&idPattern=…&attrs=…&q=…&georel=…&scopeQ=…&pick=…&omit=…&datasetId=…&orderBy=…
// `for_ever`: names that no entity has yet count, too.
entity_query read_entity_query(call const& c, bool for_ever = false);
// From a Query data type. Faults: invalid.
entity_query read_query_body(json::value const& body, naming const& n);
projection read_projection(call const& c);
// ?type=…: faults not_found when the entity is of none of these. 4.17
void require_type(call const& c, entity const& e);
// 4.21: what is said of linked entities asks for a join that reaches them. Faults: invalid.
void require_join_reaches(projection const& p, bool joins, int level);
// Names in an array of texts, or in one text between commas. Faults: invalid, naming `member`.
std::vector<std::string_view> texts_of(json::value const& v, std::string_view member);

// [{"key": …, "value": …}], all text. Faults: invalid. 5.2.22
void require_key_values(json::value const& v, std::string_view member);

// {"id": …, "idPattern": …, "type": …}. ETSI GS CIM 009, 5.2.33
query::selector read_selector(json::value const& v, naming const& n);
// {"geometry": …, "coordinates": …, "georel": …, "geoproperty": …}. ETSI GS CIM 009, 5.2.13
query::node_ptr read_geo_query(json::value const& v, naming const& n);
void add_filter(query::query& q, query::node_ptr node);

inline std::vector<std::string_view> const entity_query_params = {
    "type", "id", "idPattern", "attrs", "q", "csf", "georel", "geometry", "coordinates", "geoproperty", "geometryProperty",
    "scopeQ", "pick", "omit", "lang", "datasetId", "limit", "offset", "count", "sysAttrs", "expandValues", "jsonKeys",
    "join", "joinLevel", "containedBy", "orderBy", "orderFrom", "orderGeometry", "collation", "entityMap", "entityMapLifetime", "splitEntities"};

}  // namespace dos::ngsi_ld
