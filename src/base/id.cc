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

bool is_uri(std::string_view s) {
  auto const colon = s.find(':');
  if (colon == 0 || colon == s.npos || colon + 1 == s.size()) return false;
  auto const is_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  auto const in_scheme = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; };
  if (!is_letter(s[0]) || !std::all_of(s.begin(), s.begin() + std::ptrdiff_t(colon), in_scheme)) return false;
  return std::none_of(s.begin(), s.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '<' || c == '>' || c == '"' || c == '{' || c == '}' || c == '|' ||
           c == '\\' || c == '^' || c == '`' || c == 0x7f;
  });
}

}  // namespace dos
