// Who people act for: the city itself, a department, a club, a company, a school. Records of the city.
#pragma once

#include <string>

#include "base/json.h"
#include "base/record_collection.h"
#include "contract/contract.h"

namespace dos::people {

inline constexpr auto organisation_collection = record_collection{"organisation", "people", "id"};
inline constexpr std::size_t organisations_max = 10'000;  // of a city
inline constexpr int organisation_depth_max = 8;

// As a request says it, checked: {name: {de, en}, kind, parent?, contact?, successor?}. `id`: its own. Faults: invalid, with the member;
// not_found for a parent or successor that is none; conflict for a circle.
json::value read_organisation(session const& s, std::string_view id, json::value const& body);

}  // namespace dos::people
