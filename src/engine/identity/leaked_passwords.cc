#include "engine/identity/leaked_passwords.h"

#include <algorithm>
#include <functional>
#include <string>

#include "base/text.h"

namespace dos::identity {
namespace {

constexpr std::size_t core_bytes_min = 4;  // "1a!" says nothing

std::uint64_t key_of(std::string_view s) { return std::hash<std::string_view>()(s); }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (static_cast<unsigned char>(c) & 0x80); }

// "!!password2026" → "password"
std::string_view core_of(std::string_view s) {
  auto const first = std::find_if(s.begin(), s.end(), is_letter);
  auto const last = std::find_if(s.rbegin(), std::make_reverse_iterator(first), is_letter).base();
  return {first, last};
}

// "abcabcabcabc" → "abc"
std::string_view unit_of(std::string_view s) {
  for (auto n = std::size_t(1); n <= s.size() / 2; ++n) {
    if (s.size() % n == 0 && s.substr(n) == s.substr(0, s.size() - n)) return s.substr(0, n);
  }
  return s;
}

}  // namespace

leaked_passwords::leaked_passwords(std::string_view list) {
  for (auto const line : text::split(list, '\n')) {
    if (!line.empty()) known_.push_back(key_of(text::lower(line)));
  }
  std::ranges::sort(known_);
}

bool leaked_passwords::has(std::string_view password) const {
  auto const lower = text::lower(password);
  auto const is_known = [&](std::string_view s) { return std::ranges::binary_search(known_, key_of(s)); };
  auto const core = core_of(lower);
  return is_known(lower) || is_known(unit_of(lower)) || unit_of(lower).size() == 1 || (core.size() >= core_bytes_min && is_known(core));
}

}  // namespace dos::identity
