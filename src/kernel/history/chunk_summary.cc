#include "kernel/history/chunk_summary.h"

#include <algorithm>
#include <cmath>

namespace dos {

void value_statistics::add(double value) {
  auto const first_one = numbers++ == 0;
  sum = first_one ? value : sum + value;
  sum_of_squares += value * value;
  if (first_one) first = value;
  last = value;
  if (first_one || std::isnan(min) || value < min) min = value;
  if (first_one || std::isnan(max) || value > max) max = value;
}

void value_statistics::add(value_statistics const& later) {
  count += later.count;
  if (later.numbers == 0) return;
  if (numbers == 0) {
    auto const counted = count;
    *this = later;
    count = counted;
    return;
  }
  numbers += later.numbers;
  sum += later.sum;
  sum_of_squares += later.sum_of_squares;
  last = later.last;
  if (std::isnan(min) || later.min < min) min = later.min;
  if (std::isnan(max) || later.max > max) max = later.max;
}

std::optional<double> numeric_value(json::value const& v) {
  if (v.is_number()) return v.as_double();
  if (v.is_bool()) return v.as_bool() ? 1.0 : 0.0;
  return std::nullopt;
}

chunk_summary summarise(std::span<observation const> points) {
  auto s = chunk_summary{.first = points.front().moment(), .last = points.back().moment(), .values = {}};
  s.number_min = s.first.number;
  for (auto const& p : points) {
    s.number_min = std::min(s.number_min, p.number);
    s.number_max = std::max(s.number_max, p.number);
    if (auto const d = numeric_value(p.value)) s.values.add(*d);
  }
  s.values.count = points.size();
  return s;
}

}  // namespace dos
