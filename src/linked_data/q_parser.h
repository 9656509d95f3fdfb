// The query language of NGSI-LD, to the kernel's query tree. ETSI GS CIM 009, 4.9
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/graph/query.h"
#include "linked_data/naming.h"

namespace dos::linked_data {

inline constexpr std::size_t q_bytes_max = 16'384;
inline constexpr std::size_t q_terms_max = 500;
inline constexpr int q_depth_max = 40;  // parentheses
inline constexpr std::size_t linked_ids_max = 1'000;

struct q_options {
  std::string_view member = "q";                 // where it stands: faults name it
  std::vector<std::string_view> expanded = {};   // expandValues: attributes whose values are terms
  std::vector<std::string_view> json_keys = {};  // jsonKeys: attributes whose members are taken as they are
  // For name{of.what.it.points.to}: how many entities away, and the ids of those that match (at most linked_ids_max).
  int linked_levels = 0;
  std::function<std::vector<std::string>(query::query const&)> find_linked = {};
  // A package's condition: $me, $my_organisations, $now, $now-P14D, $old.name may stand in it (kernel/model/condition.h), and
  // blanks between its words. In a request they are what they always were: no values.
  bool is_condition = false;
};

// Throws fault invalid with the place and clause.
// q=speed>50;(brand=="Mercedes"|brand~=^B.*)
query::node_ptr parse_q(std::string_view q, naming const& n, q_options const& options = {});
// The q of a body, where clients often leave it encoded as in a URL.
std::string decoded_q(std::string_view q);

}  // namespace dos::linked_data
