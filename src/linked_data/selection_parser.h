// Which types and which scopes: two small languages of one form, names joined by "and" and "or".
// ETSI GS CIM 009, 4.17 and 4.19
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/graph/query.h"
#include "linked_data/naming.h"

namespace dos::linked_data {

inline constexpr std::size_t type_alternatives_max = 200;
inline constexpr int selection_depth_max = 40;  // parentheses

// Each throws fault invalid with the place and clause; those of a type selection name "type".
// 4.17: (A;B),C
query::type_selection parse_type_selection(std::string_view text, naming const& n);
// 4.19: /Schwerte/#,/Dortmund/+ ; what the kernel's list of scopes cannot say comes back as a node
struct scope_selection {
  std::vector<std::string> any;
  query::node_ptr filter;
};
scope_selection parse_scope_query(std::string_view text);

}  // namespace dos::linked_data
