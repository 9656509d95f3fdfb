// Entity tags and the conditions on them. RFC 9110, 8.8.3 and 13.1
#pragma once

#include <string>
#include <string_view>

#include "http/request.h"

namespace dos::http {

std::string make_etag(std::string_view opaque);  // with its quotes
// Whether a list as in If-Match or If-None-Match names the tag. "*" names every one.
bool names_etag_strongly(std::string_view list, std::string_view etag);
bool names_etag_weakly(std::string_view list, std::string_view etag);

// If-Match of a change: fault precondition_failed unless it is absent or names the tag (empty: the thing does not
// exist).
void require_if_match(request const& r, std::string_view etag);
// If-None-Match of a read: true means 304.
bool is_not_modified(request const& r, std::string_view etag);

}  // namespace dos::http
