// Registrations of context sources: what another broker says it has. ETSI GS CIM 009, 5.2.8 to 5.2.11
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/record_collection.h"
#include "kernel/graph/query.h"
#include "standard/ngsi_ld/call.h"
#include "standard/ngsi_ld/temporal/evolution.h"

namespace dos::ngsi_ld {

inline constexpr auto registration_collection = record_collection{"ngsi_ld_registration", "standard/ngsi_ld", "id"};

// With types, attribute names and names of its own properties expanded. Faults: invalid.
json::object make_registration_body(json::value const& body, context const& names);
void require_valid_registration(json::value const& body, timestamp now, bool checks_expiry);
json::object show_registration_body(json::value const& body, context const& names);
bool is_expired_registration(json::value const& body, timestamp now);

// What a query asks of registrations. 5.10.2 and 5.12
struct registration_query {
  std::vector<std::string> ids;       // of registrations; empty: any
  query::query which;                 // selectors and attributes; scopes and filter of geo
  query::node_ptr about_source;       // csf: of the registration's own properties
  std::optional<temporal_query> when;  // none: sources of the present
};
// Whether a source that is asked for what was has something of that span; also one that says nothing of spans. 5.12
bool covers_span(json::value const& body, temporal_query const& when);
bool matches(registration_query const& q, json::value const& body);
// The registration with only that information that fits the question. 5.11.7
json::value only_matching(registration_query const& q, json::value const& body);

}  // namespace dos::ngsi_ld
