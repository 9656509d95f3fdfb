#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace dos::text {
namespace {

constexpr char lowered(char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; }

std::string encode_base64(std::string_view bytes, char const* alphabet, bool padded) {
  auto out = std::string();
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (auto i = std::size_t(0); i < bytes.size(); i += 3) {
    auto const left = std::min<std::size_t>(3, bytes.size() - i);
    auto word = std::uint32_t(0);
    for (auto k = std::size_t(0); k < 3; ++k) word = word << 8 | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (auto k = std::size_t(0); k < 4; ++k) {
      if (k <= left) out += alphabet[word >> (18 - 6 * k) & 63];
      else if (padded) out += '=';
    }
  }
  return out;
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lowered(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Latin-1 Supplement letters from U+00C0 on, folded for searching.
constexpr auto latin1_folds = std::array<char const*, 64>{
    "a", "a", "a", "a", "ae", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",  //
    "d", "n", "o", "o", "o", "o", "oe", "x", "o", "u", "u", "u", "ue", "y", "th", "ss",  //
    "a", "a", "a", "a", "ae", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",  //
    "d", "n", "o", "o", "o", "o", "oe", "/", "o", "u", "u", "u", "ue", "y", "th", "y"};

}  // namespace

bool is_utf8(std::string_view s) {
  for (auto i = std::size_t(0); i < s.size();) {
    auto const c = static_cast<unsigned char>(s[i]);
    if (c < 0x80) {
      ++i;
      continue;
    }
    auto const n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4 || i + std::size_t(n) > s.size()) return false;
    auto code = std::uint32_t(c & (0xff >> (n + 1)));
    for (auto k = 1; k < n; ++k) {
      auto const d = static_cast<unsigned char>(s[i + std::size_t(k)]);
      if ((d & 0xc0) != 0x80) return false;
      code = code << 6 | (d & 0x3f);
    }
    if ((n == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) || (n == 4 && (code < 0x10000 || code > 0x10ffff))) {
      return false;
    }
    i += std::size_t(n);
  }
  return true;
}

std::string_view trim(std::string_view s) {
  auto const is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
  while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
  return s;
}

std::vector<std::string_view> split(std::string_view s, char separator) {
  auto parts = std::vector<std::string_view>();
  for (;;) {
    auto const at = s.find(separator);
    parts.push_back(s.substr(0, at));
    if (at == s.npos) return parts;
    s.remove_prefix(at + 1);
  }
}

std::string lower(std::string_view s) {
  auto out = std::string(s);
  for (auto& c : out) c = lowered(c);
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lowered(x) == lowered(y); });
}

std::string folded(std::string_view utf8) {
  auto out = std::string();
  out.reserve(utf8.size());
  for (auto i = std::size_t(0); i < utf8.size(); ++i) {
    auto const c = static_cast<unsigned char>(utf8[i]);
    if (c == 0xc3 && i + 1 < utf8.size()) out += latin1_folds[static_cast<unsigned char>(utf8[++i]) & 63];
    else out += lowered(utf8[i]);
  }
  return out;
}

std::string to_hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  auto out = std::string();
  out.reserve(bytes.size() * 2);
  for (auto const c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[c & 15];
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view hex) {
  if (hex.size() % 2) return std::nullopt;
  auto out = std::string();
  out.reserve(hex.size() / 2);
  for (auto i = std::size_t(0); i < hex.size(); i += 2) {
    auto const high = hex_digit(hex[i]);
    auto const low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += char(high << 4 | low);
  }
  return out;
}

std::string to_base64(std::string_view bytes) {
  return encode_base64(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", true);
}

std::string to_base64url(std::string_view bytes) {
  return encode_base64(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", false);
}

std::optional<std::string> from_base64(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  auto out = std::string();
  out.reserve(text.size() * 3 / 4);
  auto word = std::uint32_t(0);
  auto bits = 0;
  for (auto const c : text) {
    auto const digit = base64_digit(c);
    if (digit < 0) return std::nullopt;
    word = word << 6 | std::uint32_t(digit);
    bits += 6;
    if (bits >= 8) out += char(word >> (bits -= 8) & 0xff);
  }
  return out;
}

std::optional<std::int64_t> to_int(std::string_view s) {
  auto number = std::int64_t();
  auto const [end, error] = std::from_chars(s.data(), s.data() + s.size(), number);
  if (s.empty() || error != std::errc() || end != s.data() + s.size()) return std::nullopt;
  return number;
}

std::optional<double> to_double(std::string_view s) {
  auto number = double();
  auto const [end, error] = std::from_chars(s.data(), s.data() + s.size(), number);
  if (s.empty() || error != std::errc() || end != s.data() + s.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  auto difference = 0u;
  for (auto i = std::size_t(0); i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace dos::text
