// The query languages of NGSI-LD, each to its part of the kernel's query tree.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "kernel/graph/query.h"
#include "standard/ngsi_ld/json_ld.h"

namespace dos::ngsi_ld {

inline constexpr std::size_t q_bytes_max = 16'384;
inline constexpr std::size_t q_terms_max = 500;
inline constexpr int q_depth_max = 40;         // parentheses
inline constexpr std::size_t linked_ids_max = 1'000;
inline constexpr std::size_t type_alternatives_max = 200;

// How names become symbols. What is asked once must not grow the table of names; what stays (a subscription) must know
// names that only come later.
struct naming {
  context const& names;
  bool for_ever = false;
  json::object* used = nullptr;  // collects every name with its IRI: a context that is enough to read the query again

  symbol operator()(std::string_view name) const {
    note(name);
    return for_ever ? names.expand_to_symbol(name) : names.find_symbol(name);
  }
  std::string expand(std::string_view name) const {
    note(name);
    return names.expand(name);
  }

 private:
  void note(std::string_view name) const {
    if (used != nullptr && name.find(':') == std::string_view::npos) (*used)[name] = names.expand(name);
  }
};

struct q_options {
  std::string_view member = "q";                 // where it stands: faults name it
  std::vector<std::string_view> expanded = {};   // expandValues: attributes whose values are terms
  std::vector<std::string_view> json_keys = {};  // jsonKeys: attributes whose members are taken as they are
  // For name{of.what.it.points.to}: how many entities away, and the ids of those that match (at most linked_ids_max).
  int linked_levels = 0;
  std::function<std::vector<std::string>(query::query const&)> find_linked = {};
};

// Each throws fault invalid with the place and clause. Members of geo_query are named as such, those of a type selection "type".
// 4.9: q=speed>50;(brand=="Mercedes"|brand~=^B.*)
query::node_ptr parse_q(std::string_view q, naming const& n, q_options const& options = {});
// The q of a body, where clients often leave it encoded as in a URL.
std::string decoded_q(std::string_view q);
// 4.17: (A;B),C
query::type_selection parse_type_selection(std::string_view text, naming const& n);
// 4.19: /Schwerte/#,/Dortmund/+ ; what the kernel's list of scopes cannot say comes back as a node
struct scope_selection {
  std::vector<std::string> any;
  query::node_ptr filter;
};
scope_selection parse_scope_query(std::string_view text);

// 4.10
struct geo_query {
  std::string_view georel;       // near;maxDistance==2000
  std::string_view geometry;     // Point
  json::value coordinates;       // array
  std::string_view geoproperty;  // empty: location
};
query::node_ptr parse_geo_query(geo_query const& g, naming const& n);

}  // namespace dos::ngsi_ld
