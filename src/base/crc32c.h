// CRC-32C (Castagnoli), the checksum of everything we store: by the processor's instruction where it has one.
#pragma once

#include <cstdint>
#include <string_view>

namespace dos {

// `before` is the checksum of the bytes in front, so that pieces can be summed one after the other.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

}  // namespace dos
