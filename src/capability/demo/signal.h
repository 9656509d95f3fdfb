// Curves that look like a day and noise that can be asked for at any moment: the same answer every time, no state.
#pragma once

#include <cstdint>

namespace dos::demo {

double chance(std::uint64_t seed, std::int64_t n);  // [0, 1), evenly spread
// [-1, 1], wanders about 0 without a jump; its hills are about `period_s` wide.
double wander(std::uint64_t seed, double s, double period_s);
// 1 at that hour of the day, 0 twelve hours away.
double day_curve(double hour, double peak_hour);
// What passed in `hours` since a midnight when a rate follows day_curve: its integral.
double day_curve_sum(double hours, double peak_hour);

}  // namespace dos::demo
