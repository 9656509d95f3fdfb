// Media types and the choice between them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/text_map.h"

namespace dos::http {

struct media_type {
  std::string name;  // lower case: "application/ld+json"
  headers params;    // names ignore case: charset -> utf-8, profile -> …

  bool operator==(media_type const&) const = default;
};

// Faults: malformed. RFC 9110, 8.3.1
media_type parse_media_type(std::string_view text);
// The media type of a Content-Type header without its parameters, lower case; empty when there is none.
std::string content_type(headers const& h);

// The best of `offered` (in our order of preference, may carry parameters) for an Accept header; an empty header takes
// the first. Nothing: not acceptable. Parts of the header that cannot be read count for nothing. RFC 9110, 12.5.1
std::optional<std::size_t> negotiate(std::string_view accept, std::span<std::string_view const> offered);
// The same for a request; faults: not_acceptable, naming what is offered.
std::string_view get_acceptable(headers const& h, std::initializer_list<std::string_view> offered);
// Whether a coding such as "gzip" may be used. RFC 9110, 12.5.3
bool accepts_coding(std::string_view accept_encoding, std::string_view coding);

}  // namespace dos::http
