// Names that repeat (attribute names, types, units) as small numbers. Process-wide, thread-safe, never freed: the
// callers that intern names from outside bound how many there can be (see `symbol_count`).
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace dos {

class symbol {
 public:
  constexpr symbol() = default;
  explicit symbol(std::string_view text);  // interns

  // The symbol if the text was ever interned, else the empty one: for queries, which must not grow the table.
  static symbol find(std::string_view text);

  std::string_view text() const;
  std::uint32_t number() const { return number_; }
  explicit operator bool() const { return number_ != 0; }

  // Equality and an arbitrary but stable order within the process.
  auto operator<=>(symbol const&) const = default;

 private:
  std::uint32_t number_ = 0;  // 0 is the empty text
};

std::uint32_t symbol_count();

}  // namespace dos

template <>
struct std::hash<dos::symbol> {
  std::size_t operator()(dos::symbol s) const noexcept { return s.number() * 0x9E3779B97F4A7C15ull; }
};
