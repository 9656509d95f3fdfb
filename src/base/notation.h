// Numbers and dates as people write them in files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace dos {

struct number_notation {
  char decimal = '.';
  char thousands = 0;  // 0: none; ' ' also stands for no-break and thin spaces
};

// The whole text without blanks around it, as integer or real: "50,937417", "1.234,5", "+3", "-2e3", "−4" (U+2212).
// Groups have three digits. Anything else, or a number that does not fit: nothing.
std::optional<json::value> parse_number(std::string_view text, number_notation notation = {});

// A wall clock without or with its distance to UTC.
struct clock_reading {
  std::int64_t local_us = 0;
  std::optional<std::int64_t> offset_us;

  bool operator==(clock_reading const&) const = default;
};

// In the hour that exists twice, the second of the two; otherwise what zone.to_utc says.
timestamp later_utc(time_zone const& zone, std::int64_t local_us);

// How a date is written:
//   yyyy yy MM M dd d HH H mm m ss s   one letter takes one or two digits, two take exactly two; yy from `pivot` on are 19yy
//   S    a fraction of 1 to 9 digits     XXX   Z, +01:00, +0100 or +01
//   'x'  the text x ('' is a quote)      ?     what follows may be absent: "yyyy-MM-dd?THH:mm"
//   anything else stands for itself
// or one of: ISO (ISO 8601 date or date and time, T or blank between, zone optional), unix_s, unix_ms, unix_us.
// 24:00 is the end of the day.
class date_pattern {
 public:
  explicit date_pattern(std::string_view pattern, int pivot = 70);  // faults: invalid

  // The whole text without blanks around it; nothing when it is written otherwise or no such day or time exists.
  std::optional<clock_reading> parse(std::string_view text) const;
  std::string_view pattern() const { return pattern_; }
  bool has_short_years() const;

 private:
  struct item {
    char field;  // y, M, d, H, m, s, S, X; 'l' for literal, '?' from here on optional
    int digits;
    std::string literal;
  };
  std::string pattern_;
  int pivot_;
  std::vector<item> items_;
};

}  // namespace dos
