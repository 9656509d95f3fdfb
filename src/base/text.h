// Small operations on UTF-8 text and on bytes as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dos::text {

bool is_utf8(std::string_view s);
std::string_view trim(std::string_view s);                              // ASCII white space at both ends
std::vector<std::string_view> split(std::string_view s, char separator);  // n separators, n + 1 parts
std::string lower(std::string_view s);                                  // ASCII only
bool equal_ignoring_case(std::string_view a, std::string_view b);       // ASCII only
// Lower case with German umlauts folded (ä = ae) and other Latin accents dropped: for searching.
std::string folded(std::string_view utf8);

std::string to_hex(std::string_view bytes);                      // lower case
std::optional<std::string> from_hex(std::string_view hex);       // either case, even length
std::string to_base64(std::string_view bytes);                   // RFC 4648 section 4, padded
std::string to_base64url(std::string_view bytes);                // RFC 4648 section 5, unpadded
std::optional<std::string> from_base64(std::string_view text);   // both alphabets, padding optional

std::optional<std::int64_t> to_int(std::string_view s);  // whole text, decimal, optional minus
std::optional<double> to_double(std::string_view s);     // whole text, finite

// Same duration whatever the bytes: for secrets.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace dos::text
