// Arithmetic as people do it on paper: 57 × 0.01 is 0.57, and not 0.5700000000000001 as in binary.
#pragma once

#include <optional>

namespace dos {

struct decimal {
  __int128 digits = 0;
  int exponent = 0;  // digits × 10^exponent
};

// Of the shortest text that reads back as the same number. Nothing for what has no end in decimals, as 1/3: more than
// `digits_max` of them.
inline constexpr int decimal_digits_max = 15;
std::optional<decimal> find_decimal(double d, int digits_max = 17);
double to_double(decimal d);  // the nearest one

// Nothing when there are more digits than fit.
std::optional<decimal> sum(decimal a, decimal b);
std::optional<decimal> product(decimal a, decimal b);
std::optional<decimal> quotient(decimal a, decimal b);  // nothing as well when it has no end, or b is 0

// value × factor + offset: in decimals where factor and offset are some, else in binary.
double scaled(double value, double factor, double offset);

}  // namespace dos
