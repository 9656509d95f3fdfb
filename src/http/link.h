// The Link header. RFC 8288
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/text_map.h"

namespace dos::http {

struct link {
  std::string target;  // between < and >, as it is
  std::string rel;     // may name several, separated by spaces
  headers params;      // the others, unquoted: type, title …

  bool operator==(link const&) const = default;
};

std::vector<link> parse_links(std::string_view text);  // faults: malformed
std::string to_text(link const& l);
bool has_rel(link const& l, std::string_view rel);  // ignores case

}  // namespace dos::http
