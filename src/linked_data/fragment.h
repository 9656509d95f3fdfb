// Entities and parts of entities as clients write them, in every representation, before they meet what is stored.
// ETSI GS CIM 009, 4.5 and 5.2.4 to 5.2.8
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/json_ld.h"
#include "kernel/graph/attribute_value.h"
#include "kernel/graph/entity.h"
#include "linked_data/refusal.h"

namespace dos::linked_data {

// An instance of an attribute, perhaps only some members of it.
struct attribute_fragment {
  attribute data;  // without sub-attributes; of `more`, what was given
  bool has_kind = false;
  bool has_value = false;
  bool removes = false;  // the value is the null URI
  bool removes_unit = false;
  bool removes_observed_at = false;
  std::vector<attribute_fragment> subs;
};

struct entity_fragment {
  std::string id;  // empty when not given
  std::vector<symbol> types;
  std::vector<symbol> scopes;
  bool has_scope = false;
  bool removes_scope = false;
  std::vector<attribute_fragment> attributes;  // several instances of one name follow each other
  json::value more;
};

enum class input_form { full, simplified };  // full: normalized and concise, mixed as one likes

// Attribute names grow the table of symbols. Faults: invalid with member and clause.
entity_fragment parse_entity(json::value const& body, context const& c, input_form form = input_form::full);
std::vector<attribute_fragment> parse_instances(std::string_view name, json::value const& v, context const& c,
                                                input_form form = input_form::full);

// The whole attribute. Faults: invalid when the value is missing or is the null URI.
attribute_ptr to_attribute(attribute_fragment f);
// The whole entity. Faults: invalid when id, type or a value is missing, or an instance comes twice.
entity to_entity(entity_fragment f);

std::string_view type_name(attribute_kind k);  // "GeoProperty"

}  // namespace dos::linked_data
