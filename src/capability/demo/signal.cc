#include "capability/demo/signal.h"

#include <cmath>
#include <numbers>

namespace dos::demo {
namespace {

constexpr auto radians_per_hour = 2 * std::numbers::pi / 24;

}  // namespace

double chance(std::uint64_t seed, std::int64_t n) {
  // SplitMix64: neighbours in, strangers out.
  auto x = seed * 0x9e3779b97f4a7c15u + std::uint64_t(n) * 0xd1b54a32d192ed03u + 0x2545f4914f6cdd1du;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  x ^= x >> 31;
  return double(x >> 11) * 0x1p-53;
}

double wander(std::uint64_t seed, double s, double period_s) {
  auto const at = s / period_s;
  auto const before = std::floor(at);
  auto const x = at - before;
  auto const weight = x * x * (3 - 2 * x);
  auto const a = chance(seed, std::int64_t(before)), b = chance(seed, std::int64_t(before) + 1);
  return 2 * (a + (b - a) * weight) - 1;
}

double day_curve(double hour, double peak_hour) { return 0.5 + 0.5 * std::cos((hour - peak_hour) * radians_per_hour); }

double day_curve_sum(double hours, double peak_hour) {
  return 0.5 * hours + 0.5 * (std::sin((hours - peak_hour) * radians_per_hour) + std::sin(peak_hour * radians_per_hour)) / radians_per_hour;
}

}  // namespace dos::demo
