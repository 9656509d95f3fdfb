// Names that repeat (attribute names, types, units) as small numbers. Process-wide, thread-safe, never freed: so whoever
// brings new ones has an allowance of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

namespace dos {

class symbol {
 public:
  constexpr symbol() = default;
  // Interns. Faults: too_many when the text is new and the allowance of who pays on this thread is used up, unavailable
  // when the table is full.
  explicit symbol(std::string_view text);

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

// How many new names one source may bring in the life of the program.
class name_allowance {
 public:
  explicit name_allowance(std::uint32_t most) : left_(most) {}
  bool take();
  std::uint32_t left() const { return left_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint32_t> left_;
};

// While it lives, new names on this thread are taken from this allowance; from none: without a bound but the table's own,
// of which a part is kept for the program itself.
class pays_for_names {
 public:
  explicit pays_for_names(name_allowance* a);
  ~pays_for_names();
  pays_for_names(pays_for_names const&) = delete;
  pays_for_names& operator=(pays_for_names const&) = delete;

 private:
  name_allowance* before_;
};

}  // namespace dos

template <>
struct std::hash<dos::symbol> {
  std::size_t operator()(dos::symbol s) const noexcept { return s.number() * 0x9E3779B97F4A7C15ull; }
};
