// Entities as a table (RFC 4180), an addition to the standard's representations: one line an entity, for each attribute its value,
// time and unit, and where it comes from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "linked_data/render.h"

namespace dos::linked_data {

void write_csv(std::string& out, std::vector<entity_ptr> const& entities, rendering const& r);
void write_csv_value(std::string& out, attribute const& a, rendering const& r);
void write_csv_field(std::string& out, std::string_view text);  // quoted where needed

}  // namespace dos::linked_data
