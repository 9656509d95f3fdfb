// What is known of a chunk without opening it: its ends, and the statistics of its values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/json.h"
#include "kernel/history/observation.h"

namespace dos {

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
chunk_summary summarise(std::span<observation const> points);  // at least one, in order of moment

}  // namespace dos
