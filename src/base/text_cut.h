// Texts of a bounded length that stay UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace dos::text {

// The longest beginning of at most so many bytes that splits no character.
inline std::string_view cut(std::string_view utf8, std::size_t bytes_max) {
  if (utf8.size() <= bytes_max) return utf8;
  while (bytes_max > 0 && (static_cast<unsigned char>(utf8[bytes_max]) & 0xc0) == 0x80) --bytes_max;
  return utf8.substr(0, bytes_max);
}

}  // namespace dos::text
