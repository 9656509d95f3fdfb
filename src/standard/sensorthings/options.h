// The query options of a request, also nested ones of $expand. OGC 18-088, 9.3.3
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/text_map.h"
#include "standard/sensorthings/expression.h"

namespace dos::sensorthings {

struct limits {
  std::size_t page_default = 100;
  std::size_t page_max = 1'000;                // entities in one list
  std::size_t observations_page_max = 10'000;  //
  std::size_t candidates_max = 10'000;         // looked at one by one instead of all there are; 0: never
  int expand_depth_max = 8;
  std::size_t expand_count_max = 100;  // of one request
};

struct query_options;
struct expansion {
  navigation const* to = nullptr;
  std::shared_ptr<query_options> options;
};

struct query_options {
  std::optional<std::size_t> top;
  std::size_t skip = 0;
  bool count = false;
  expression_ptr filter;              // $filter and $search together
  expression_ptr own_filter, search;  // each alone
  std::vector<order_key> order;
  std::vector<std::vector<std::string>> select;  // paths
  std::vector<expansion> expand;
  std::string format;  // dataArray, CSV, GeoJSON; empty: as usual
  std::string token;   // where the page before ended
  // As they came, for links to the next page: name and text, without $skip and $skiptoken.
  std::vector<std::pair<std::string, std::string>> given;

  bool selects(std::string_view name) const;  // everything when nothing is selected
};

// Faults: malformed, invalid, too_large.
query_options parse_options(http::query_map const& query, kind of, limits const& l);

}  // namespace dos::sensorthings
