// Percent-encoding and query strings. RFC 3986, 2.1; form encoding as in the WHATWG URL standard
#pragma once

#include <string>
#include <string_view>

#include "http/text_map.h"

namespace dos::http {

// Faults: malformed for an incomplete or wrong escape, NUL and invalid UTF-8.
std::string percent_decoded(std::string_view text);
// All but the unreserved characters (letters, digits, - . _ ~) is escaped: right for a path segment or a query value.
std::string percent_encoded(std::string_view text);

// '&' separates, '+' is a space; a plus sign comes as %2B. Faults as for percent_decoded.
query_map parse_query(std::string_view raw);
std::string to_query(query_map const& q);

}  // namespace dos::http
