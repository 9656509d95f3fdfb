#include "base/notation.h"

#include <algorithm>
#include <chrono>

#include "base/fault.h"
#include "base/text.h"

namespace dos {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool take(std::string_view& s, std::string_view start) {
  if (!s.starts_with(start)) return false;
  s.remove_prefix(start.size());
  return true;
}

bool take_thousands(std::string_view& s, char separator) {
  if (separator == 0) return false;
  if (take(s, std::string_view(&separator, 1))) return true;
  return separator == ' ' && (take(s, "\u00a0") || take(s, "\u202f") || take(s, "\u2009"));
}

std::string_view take_digits(std::string_view& s) {
  auto n = std::size_t(0);
  while (n < s.size() && is_digit(s[n])) ++n;
  auto const digits = s.substr(0, n);
  s.remove_prefix(n);
  return digits;
}

// Between `least` and `most` digits; -1 when there are fewer.
std::int64_t take_number(std::string_view& s, int least, int most) {
  auto n = std::int64_t(0);
  auto count = 0;
  for (; count < most && !s.empty() && is_digit(s[0]); ++count, s.remove_prefix(1)) n = n * 10 + (s[0] - '0');
  return count < least ? -1 : n;
}

std::optional<std::int64_t> take_fraction_us(std::string_view& s) {
  auto us = std::int64_t(0);
  auto weight = us_per_second / 10;
  auto const digits = take_digits(s);
  if (digits.empty() || digits.size() > 9) return {};
  for (auto const c : digits) {
    us += (c - '0') * weight;
    weight /= 10;
  }
  return us;
}

std::optional<std::int64_t> take_offset_us(std::string_view& s) {
  if (take(s, "Z") || take(s, "z")) return 0;
  auto const sign = take(s, "+") ? 1 : take(s, "-") ? -1 : 0;
  auto const hours = sign == 0 ? -1 : take_number(s, 2, 2);
  if (hours < 0 || hours > 18) return {};
  auto const colon = take(s, ":");
  auto const minutes = take_number(s, 2, 2);
  if (minutes > 59 || (minutes < 0 && (colon || (!s.empty() && is_digit(s[0]))))) return {};
  return sign * (hours * 3600 + std::max<std::int64_t>(minutes, 0) * 60) * us_per_second;
}

struct date_parts {
  std::int64_t year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, us = 0;
  std::optional<std::int64_t> offset_us;
};

std::optional<clock_reading> to_reading(date_parts const& p) {
  namespace chrono = std::chrono;
  auto const ymd = chrono::year(int(p.year)) / chrono::month(unsigned(p.month)) / chrono::day(unsigned(p.day));
  auto const is_end_of_day = p.hour == 24 && p.minute == 0 && p.second == 0 && p.us == 0;
  if (!ymd.ok() || p.year < 0 || p.year > 9999 || (p.hour > 23 && !is_end_of_day) || p.minute > 59 || p.second > 59) {
    return {};
  }
  auto const days = chrono::sys_days(ymd).time_since_epoch().count();
  auto const seconds = days * std::int64_t(86'400) + p.hour * 3600 + p.minute * 60 + p.second;
  return clock_reading{.local_us = seconds * us_per_second + p.us, .offset_us = p.offset_us};
}

std::optional<clock_reading> parse_iso(std::string_view s) {
  auto p = date_parts();
  p.year = take_number(s, 4, 4);
  if (p.year < 0 || !take(s, "-")) return {};
  p.month = take_number(s, 2, 2);
  if (p.month < 0 || !take(s, "-")) return {};
  p.day = take_number(s, 2, 2);
  if (p.day < 0) return {};
  if (s.empty()) return to_reading(p);
  if (!take(s, "T") && !take(s, "t") && !take(s, " ")) return {};
  p.hour = take_number(s, 2, 2);
  if (p.hour < 0 || !take(s, ":")) return {};
  p.minute = take_number(s, 2, 2);
  if (p.minute < 0) return {};
  if (take(s, ":")) {
    p.second = take_number(s, 2, 2);
    if (p.second < 0) return {};
    if (take(s, ".") || take(s, ",")) {
      auto const us = take_fraction_us(s);
      if (!us) return {};
      p.us = *us;
    }
  }
  take(s, " ");
  if (!s.empty()) p.offset_us = take_offset_us(s);
  return s.empty() ? to_reading(p) : std::nullopt;
}

std::optional<clock_reading> parse_unix(std::string_view s, std::int64_t us_per_unit) {
  auto const number = parse_number(s);
  if (!number) return {};
  auto const us = number->is_int() ? __int128(number->as_int()) * us_per_unit
                                   : __int128(number->as_double() < 1e18 && number->as_double() > -1e18
                                                  ? number->as_double() * double(us_per_unit)
                                                  : 9e30);
  if (us < timestamp_min.us || us > timestamp_max.us) return {};
  return clock_reading{.local_us = std::int64_t(us), .offset_us = 0};
}

bool is_named_pattern(std::string_view p) { return p == "ISO" || p == "unix_s" || p == "unix_ms" || p == "unix_us"; }

}  // namespace

std::optional<json::value> parse_number(std::string_view text, number_notation notation) {
  auto s = text::trim(text);
  auto plain = std::string();
  if (take(s, "-") || take(s, "\u2212"))
    plain += '-';
  else
    take(s, "+");
  auto whole = take_digits(s);
  plain += whole;
  while (!whole.empty() && whole.size() <= 3 && take_thousands(s, notation.thousands)) {
    auto const group = take_digits(s);
    if (group.size() != 3) return {};
    plain += group;
  }
  auto const integer_digits = plain.size();
  if (take(s, std::string_view(&notation.decimal, 1))) {
    auto const fraction = take_digits(s);
    if (fraction.empty() && whole.empty()) return {};
    if (whole.empty()) plain += '0';
    plain.append(".").append(fraction.empty() ? "0" : fraction);
  } else if (whole.empty()) {
    return {};
  }
  if (take(s, "e") || take(s, "E")) {
    plain += 'e';
    if (take(s, "-"))
      plain += '-';
    else
      take(s, "+");
    auto const exponent = take_digits(s);
    if (exponent.empty()) return {};
    plain += exponent;
  }
  if (!s.empty()) return {};
  if (plain.size() == integer_digits) {
    if (auto const i = text::to_int(plain)) return json::value(*i);
  }
  auto const d = text::to_double(plain);
  return d ? std::optional(json::value(*d)) : std::nullopt;
}

timestamp later_utc(time_zone const& zone, std::int64_t local_us) {
  auto const first = zone.to_utc(local_us);
  // Clocks are put back by an hour or less everywhere that matters.
  for (auto const step : {3600, 1800}) {
    auto const later = first + step * us_per_second;
    if (later.us + zone.offset_us(later) == local_us) return later;
  }
  return first;
}

bool date_pattern::has_short_years() const {
  return std::any_of(items_.begin(), items_.end(), [](item const& i) { return i.field == 'y' && i.digits == 2; });
}

date_pattern::date_pattern(std::string_view pattern, int pivot) : pattern_(pattern), pivot_(pivot) {
  if (is_named_pattern(pattern)) return;
  auto fields = std::string();
  for (auto i = std::size_t(0); i < pattern.size();) {
    auto const c = pattern[i];
    auto const literal = [&](char l) {
      if (items_.empty() || items_.back().field != 'l') items_.push_back({'l', 0, {}});
      items_.back().literal += l;
    };
    if (c == '?') {
      items_.push_back({'?', 0, {}});
      ++i;
    } else if (c == '\'') {
      if (i + 1 < pattern.size() && pattern[i + 1] == '\'') {
        literal('\'');
        i += 2;
        continue;
      }
      auto const end = pattern.find('\'', i + 1);
      require(end != pattern.npos, fault_kind::invalid,
              "the date pattern \"" + std::string(pattern) + "\" opens a quote and does not close it");
      for (auto const l : pattern.substr(i + 1, end - i - 1)) literal(l);
      i = end + 1;
    } else if (std::string_view("yMdHmsSX").find(c) != std::string_view::npos) {
      auto const end = std::min(pattern.find_first_not_of(c, i), pattern.size());
      auto const n = int(end - i);
      auto const fits = c == 'y' ? n == 2 || n == 4 : c == 'S' || c == 'X' ? true : n <= 2;
      require(fits && fields.find(c) == std::string::npos, fault_kind::invalid,
              "the date pattern \"" + std::string(pattern) + "\" has " + std::to_string(n) + " times \"" + c +
                  "\" or has it twice; an example is dd.MM.yyyy HH:mm");
      fields += c;
      items_.push_back({c, n, {}});
      i = end;
    } else {
      literal(c);
      ++i;
    }
  }
  require(fields.find('y') != std::string::npos, fault_kind::invalid,
          "the date pattern \"" + std::string(pattern) + "\" has no year (yyyy); an example is dd.MM.yyyy HH:mm");
}

std::optional<clock_reading> date_pattern::parse(std::string_view text) const {
  auto s = text::trim(text);
  if (pattern_ == "ISO") return parse_iso(s);
  if (pattern_ == "unix_s") return parse_unix(s, us_per_second);
  if (pattern_ == "unix_ms") return parse_unix(s, 1000);
  if (pattern_ == "unix_us") return parse_unix(s, 1);
  auto p = date_parts();
  for (auto const& i : items_) {
    auto const two = [&](std::int64_t& part) {
      part = take_number(s, i.digits == 1 ? 1 : 2, 2);
      return part >= 0;
    };
    auto fits = true;
    switch (i.field) {
      case '?':
        if (s.empty()) return to_reading(p);
        break;
      case 'l':
        fits = take(s, i.literal);
        break;
      case 'y':
        p.year = take_number(s, i.digits, i.digits);
        fits = p.year >= 0;
        if (i.digits == 2) p.year += p.year < pivot_ ? 2000 : 1900;
        break;
      case 'M':
        fits = two(p.month);
        break;
      case 'd':
        fits = two(p.day);
        break;
      case 'H':
        fits = two(p.hour);
        break;
      case 'm':
        fits = two(p.minute);
        break;
      case 's':
        fits = two(p.second);
        break;
      case 'S': {
        auto const us = take_fraction_us(s);
        fits = us.has_value();
        p.us = us.value_or(0);
        break;
      }
      default:
        p.offset_us = take_offset_us(s);
        fits = p.offset_us.has_value();
    }
    if (!fits) return {};
  }
  return s.empty() ? to_reading(p) : std::nullopt;
}

}  // namespace dos
