// About a thousand observations of one series in a few bytes each, every bit kept.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/history/observation.h"

namespace dos {

inline constexpr std::size_t chunk_points_max = 1000;
inline constexpr std::size_t chunk_bytes_max = 256 * 1024;  // of long values: fewer points then

// Count, sum and so on of the numeric values: numbers, and booleans as 0 and 1. NaN counts in `numbers` and `sum`, but
// is never least or greatest.
struct value_statistics {
  std::uint64_t count = 0;    // all observations
  std::uint64_t numbers = 0;  // those with numeric value; the rest is defined if there is one
  double sum = 0;
  double sum_of_squares = 0;
  double min = 0;
  double max = 0;
  double first = 0;  // in the order of the series
  double last = 0;

  void add(double value);                   // in the order of the series; the caller counts
  void add(value_statistics const& later);  // all of it follows
  double mean() const { return sum / double(numbers); }
};

struct chunk_summary {
  moment first;
  moment last;
  observation_number number_min = 0;
  observation_number number_max = 0;
  value_statistics values;
};

// The numeric value of an observation, as `value_statistics` sees it.
std::optional<double> numeric_value(json::value const&);

// `points`: 1 to 65,535, in order of moment. `sealed` ones are compressed: smaller, a little slower to read.
std::string encode_chunk(std::span<observation const> points, bool sealed);
chunk_summary summarise(std::span<observation const> points);

// Which points of a chunk are wanted: those of a half-open time, of these at most so many from one end.
struct chunk_part {
  timestamp from{INT64_MIN};
  timestamp to{INT64_MAX};
  std::size_t most = SIZE_MAX;
  bool newest = false;  // from the end
};

// Both append. Any bytes may come: fault internal when they are no chunk or damaged. A part costs little beyond the times
// and numbers: what hangs on the others is not built.
void decode_chunk(std::string_view bytes, std::vector<observation>& points, chunk_part const& part = {});

struct numeric_point {
  timestamp time;
  double value;
};
// Only what is numeric, several times as fast; returns how many observations there are in all.
std::size_t decode_numbers(std::string_view bytes, std::vector<numeric_point>& points);

}  // namespace dos
