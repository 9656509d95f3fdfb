#include "base/id.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"

namespace dos {

std::string random_bytes(std::size_t n) {
  auto bytes = std::string(n, '\0');
  DOS_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), int(n)) == 1);
  return bytes;
}

std::string new_uuid() {
  auto bytes = random_bytes(16);
  bytes[6] = char((bytes[6] & 0x0f) | 0x40);
  bytes[8] = char((bytes[8] & 0x3f) | 0x80);
  auto hex = text::to_hex(bytes);
  for (auto const at : {8, 13, 18, 23}) hex.insert(std::size_t(at), 1, '-');
  return hex;
}

std::string new_secret() { return text::to_base64url(random_bytes(32)); }

std::string sha256(std::string_view bytes) {
  auto digest = std::string(32, '\0');
  DOS_CHECK(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha256(),
                       nullptr) == 1);
  return digest;
}

namespace {

// Characters that nobody can see or that turn the text around, and code points that are no characters. RFC 3987, 2.2 and 4.1
bool is_invisible(char32_t c) {
  struct range {
    char32_t first, last;
  };
  static constexpr range ranges[] = {{0x80, 0xa0},     {0xad, 0xad},     {0x34f, 0x34f},   {0x61c, 0x61c},   {0x115f, 0x1160},
                                     {0x1680, 0x1680}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x2000, 0x200f}, {0x2028, 0x202f},
                                     {0x205f, 0x206f}, {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164}, {0xe000, 0xf8ff},
                                     {0xfdd0, 0xfdef}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xffff},
                                     {0xe0000, 0xe0fff}};
  if ((c & 0xfffe) == 0xfffe) return true;
  return std::any_of(std::begin(ranges), std::end(ranges), [&](range r) { return c >= r.first && c <= r.last; });
}

bool has_invisible(std::string_view s) {
  for (auto i = std::size_t(0); i < s.size();) {
    auto const first = static_cast<unsigned char>(s[i]);
    auto const n = first < 0x80 ? 1u : first < 0xe0 ? 2u : first < 0xf0 ? 3u : 4u;
    if (i + n > s.size()) return true;
    auto c = char32_t(n == 1 ? first : first & (0x7f >> n));
    for (auto k = 1u; k < n; ++k) c = c << 6 | (static_cast<unsigned char>(s[i + k]) & 0x3f);
    if (n > 1 && is_invisible(c)) return true;
    i += n;
  }
  return false;
}

}  // namespace

bool is_uri(std::string_view s) {
  auto const colon = s.find(':');
  if (colon == 0 || colon == s.npos || colon + 1 == s.size()) return false;
  auto const is_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  auto const in_scheme = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; };
  if (!is_letter(s[0]) || !std::all_of(s.begin(), s.begin() + std::ptrdiff_t(colon), in_scheme)) return false;
  return !has_invisible(s) && std::none_of(s.begin(), s.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '<' || c == '>' || c == '"' || c == '{' || c == '}' || c == '|' ||
           c == '\\' || c == '^' || c == '`' || c == 0x7f;
  });
}

}  // namespace dos
