#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace dos {
namespace {

constexpr auto crc_table = [] {
  auto table = std::array<std::uint32_t, 256>();
  for (auto i = 0u; i != 256; ++i) {
    auto c = i;
    for (auto bit = 0; bit != 8; ++bit) c = (c >> 1) ^ ((c & 1) != 0 ? 0x82F63B78u : 0u);
    table[i] = c;
  }
  return table;
}();

std::uint32_t crc_portable(std::uint32_t c, char const* p, std::size_t n) {
  for (; n != 0; ++p, --n) c = crc_table[(c ^ static_cast<unsigned char>(*p)) & 0xff] ^ (c >> 8);
  return c;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc_fast(std::uint32_t c, char const* p, std::size_t n) {
  auto wide = std::uint64_t(c);
  for (; n >= 8; p += 8, n -= 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  c = std::uint32_t(wide);
  for (; n != 0; ++p, --n) c = _mm_crc32_u8(c, static_cast<unsigned char>(*p));
  return c;
}
bool has_crc_instruction() { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
std::uint32_t crc_fast(std::uint32_t c, char const* p, std::size_t n) {
  for (; n >= 8; p += 8, n -= 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    c = __crc32cd(c, word);
  }
  for (; n != 0; ++p, --n) c = __crc32cb(c, static_cast<unsigned char>(*p));
  return c;
}
bool has_crc_instruction() { return true; }
#else
std::uint32_t crc_fast(std::uint32_t c, char const* p, std::size_t n) { return crc_portable(c, p, n); }
bool has_crc_instruction() { return false; }
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
  static auto const fast = has_crc_instruction();
  auto const c = ~before;
  return ~(fast ? crc_fast(c, bytes.data(), bytes.size()) : crc_portable(c, bytes.data(), bytes.size()));
}

}  // namespace dos
