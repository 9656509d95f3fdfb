// YAML as JSON values: for configuration, mappings and packages.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/json.h"

namespace dos {

inline constexpr std::size_t yaml_bytes_max = 4 << 20;
inline constexpr std::size_t yaml_values_max = 500'000;  // aliases counted each time they are used
inline constexpr int yaml_depth_max = 100;

// One document; an empty one is null. Plain scalars are typed by the core schema (YAML 1.2, 10.3.2): null, true, 42,
// 0x2a, 0o52, 4.2e1; quoted and block ones are text. So `no` and `1:30` are text and 044 is the number 44. Throws fault
// malformed with the line: syntax, duplicate keys, keys that are no scalars, .inf and .nan, tags other than those of
// the core schema, a second document, invalid UTF-8; too_large over the limits above.
json::value parse_yaml(std::string_view text);

// The line, from 1, in which a member stands, or the innermost one around it that does: "attributes[2].unit". JSON is
// YAML as well. 0 when the text cannot be read.
std::size_t find_yaml_line(std::string_view text, std::string_view member);

}  // namespace dos
