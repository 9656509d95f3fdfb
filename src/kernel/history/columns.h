// Columns of one kind of value, as short as they get without loss. Inside kernel/history only.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/history/bytes.h"

namespace dos::history_parts {

inline constexpr auto powers = std::array{1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
inline constexpr std::array<std::int64_t, 7> integer_powers{1, 10, 100, 1'000, 10'000, 100'000, 1'000'000};
inline constexpr double exact_max = 9007199254740992.0;  // 2^53

// The integers that are `values` shifted by `scale` decimals; false when that would lose a bit of any of them.
bool shift_all(std::vector<double> const& values, std::size_t& scale, std::vector<std::int64_t>& shifted);

void write_differences(std::string& out, std::vector<std::int64_t> const& values);
void read_differences(chunk_reader& in, std::vector<std::int64_t>& values, std::size_t n);

// Scaled integers where that is exact, else the bits that changed from one to the next.
void write_reals(std::string& out, std::vector<double> const& values);
void read_reals(chunk_reader& in, std::vector<double>& values, std::size_t n);

// Words that repeat: each once, then which one stands where, as runs or one by one, whichever is shorter.
void write_words(std::string& out, std::vector<std::string_view> const& words);
// Appends n words; the views live as long as the bytes read from. `budget` bounds what they expand to.
void read_words(chunk_reader& in, std::vector<std::string_view>& words, std::size_t n, std::size_t& budget);

}  // namespace dos::history_parts
