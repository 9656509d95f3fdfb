#include "base/decimal.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace dos {
namespace {

// d × 10^places. Nothing when it does not fit.
std::optional<__int128> shifted(__int128 d, int places) {
  if (places > 38 && d != 0) return {};
  for (; places > 0 && d != 0; --places) {
    if (__builtin_mul_overflow(d, __int128(10), &d)) return {};
  }
  return d;
}

}  // namespace

std::optional<decimal> find_decimal(double d, int digits_max) {
  if (!std::isfinite(d)) return {};
  char text[40];
  auto const end = std::to_chars(text, text + sizeof text, d, std::chars_format::scientific).ptr;
  auto result = decimal();
  auto count = 0;
  auto after_point = 0;
  auto const* at = text + (text[0] == '-');
  for (auto is_fraction = false; *at != 'e'; ++at) {
    if (*at == '.') {
      is_fraction = true;
      continue;
    }
    result.digits = result.digits * 10 + (*at - '0');
    ++count;
    after_point += is_fraction;
  }
  if (count > digits_max) return {};
  std::from_chars(at + (at[1] == '+' ? 2 : 1), end, result.exponent);
  result.exponent -= after_point;
  if (text[0] == '-') result.digits = -result.digits;
  return result;
}

double to_double(decimal d) {
  auto const is_negative = d.digits < 0;
  auto rest = is_negative ? -static_cast<unsigned __int128>(d.digits) : static_cast<unsigned __int128>(d.digits);
  auto text = std::string();
  do {
    text += char('0' + int(rest % 10));
    rest /= 10;
  } while (rest != 0);
  if (is_negative) text += '-';
  std::reverse(text.begin(), text.end());
  text += 'e' + std::to_string(d.exponent);
  auto result = 0.0;
  auto const is_beyond = std::from_chars(text.data(), text.data() + text.size(), result).ec != std::errc();
  if (!is_beyond) return result;
  return d.exponent < 0 ? 0.0 : is_negative ? -HUGE_VAL : HUGE_VAL;
}

std::optional<decimal> sum(decimal a, decimal b) {
  if (a.digits == 0) return b;
  if (b.digits == 0) return a;
  if (a.exponent < b.exponent) std::swap(a, b);
  auto const moved = shifted(a.digits, a.exponent - b.exponent);
  if (!moved || __builtin_add_overflow(*moved, b.digits, &b.digits)) return {};
  return b;
}

std::optional<decimal> product(decimal a, decimal b) {
  auto result = decimal{0, a.exponent + b.exponent};
  if (__builtin_mul_overflow(a.digits, b.digits, &result.digits)) return {};
  return result;
}

std::optional<decimal> quotient(decimal a, decimal b) {
  if (b.digits == 0) return {};
  for (; a.digits % b.digits != 0; --a.exponent) {
    if (__builtin_mul_overflow(a.digits, __int128(10), &a.digits)) return {};
  }
  return decimal{a.digits / b.digits, a.exponent - b.exponent};
}

double scaled(double value, double factor, double offset) {
  auto const v = find_decimal(value);
  auto const f = find_decimal(factor, decimal_digits_max);
  auto const o = find_decimal(offset, decimal_digits_max);
  if (v && f && o) {
    auto const p = product(*v, *f);
    auto const s = p ? sum(*p, *o) : std::nullopt;
    if (s) return to_double(*s);
  }
  return value * factor + offset;
}

}  // namespace dos
