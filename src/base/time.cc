#include "base/time.h"

#include <date/tz.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "base/fault.h"

namespace dos {
namespace {

using micros = std::chrono::microseconds;
using sys_micros = date::sys_time<micros>;
using local_micros = date::local_time<micros>;

constexpr std::int64_t us_per_day = 86'400 * us_per_second;

bool digits(std::string_view& s, int n, int& out) {
  if (s.size() < std::size_t(n)) return false;
  out = 0;
  for (auto i = 0; i < n; ++i) {
    if (s[std::size_t(i)] < '0' || s[std::size_t(i)] > '9') return false;
    out = out * 10 + (s[std::size_t(i)] - '0');
  }
  s.remove_prefix(std::size_t(n));
  return true;
}

bool letter(std::string_view& s, char c) {
  if (s.empty() || s[0] != c) return false;
  s.remove_prefix(1);
  return true;
}

bool fraction(std::string_view& s, std::int64_t& us) {
  us = 0;
  if (!letter(s, '.') && !letter(s, ',')) return true;
  auto n = 0;
  for (; !s.empty() && s[0] >= '0' && s[0] <= '9'; s.remove_prefix(1), ++n) {
    if (n < 6) us = us * 10 + (s[0] - '0');
  }
  for (auto k = n; k < 6; ++k) us *= 10;
  return n >= 1 && n <= 12;
}

// By hand: times are most of what answers about history consist of.
void append_digits(std::string& out, int width, std::int64_t n) {
  out.append(std::size_t(width), '0');
  for (auto at = out.end(); n > 0; n /= 10) *--at = char('0' + n % 10);
}

date::time_zone const* zone(void const* z) { return static_cast<date::time_zone const*>(z); }

local_micros to_local(void const* z, timestamp t) { return zone(z)->to_local(sys_micros(micros(t.us))); }

}  // namespace

std::optional<timestamp> parse_timestamp(std::string_view s) {
  int year, month, day, hour, minute, second = 0;
  auto us = std::int64_t(0);
  if (!digits(s, 4, year) || !letter(s, '-') || !digits(s, 2, month) || !letter(s, '-') || !digits(s, 2, day)) return {};
  if (!letter(s, 'T') && !letter(s, ' ') && !letter(s, 't')) return {};
  if (!digits(s, 2, hour) || !letter(s, ':') || !digits(s, 2, minute)) return {};
  if (letter(s, ':') && (!digits(s, 2, second) || !fraction(s, us))) return {};
  auto const date = date::year(year) / date::month(unsigned(month)) / date::day(unsigned(day));
  if (!date.ok() || hour > 24 || minute > 59 || second > 60 || (hour == 24 && (minute || second || us))) return {};
  auto offset_minutes = 0;
  if (!letter(s, 'Z') && !letter(s, 'z')) {
    auto const sign = letter(s, '+') ? 1 : letter(s, '-') ? -1 : 0;
    int hours, minutes = 0;
    if (!sign || !digits(s, 2, hours)) return {};
    if (letter(s, ':') ? !digits(s, 2, minutes) : !s.empty() && !digits(s, 2, minutes)) return {};
    if (hours > 18 || minutes > 59) return {};
    offset_minutes = sign * (hours * 60 + minutes);
  }
  if (!s.empty()) return {};
  auto const days = std::int64_t(date::sys_days(date).time_since_epoch().count());
  auto const t = timestamp{days * us_per_day + ((hour * 60 + minute - offset_minutes) * 60 + std::min(second, 59)) * us_per_second + us};
  if (t < timestamp_min || t > timestamp_max) return {};
  return t;
}

std::string to_string(timestamp t) {
  auto const day = (t.us >= 0 ? t.us : t.us - us_per_day + 1) / us_per_day;
  auto const rest = t.us - day * us_per_day;
  auto const ymd = date::year_month_day(date::sys_days(date::days(day)));
  auto const us = rest % us_per_second;
  auto const s = rest / us_per_second;
  auto text = std::string();
  text.reserve(28);
  auto const year = int(ymd.year());
  if (year < 0 || year > 9999) text = std::to_string(year);
  else append_digits(text, 4, year);
  auto const append = [&](char before, int width, std::int64_t n) {
    text += before;
    append_digits(text, width, n);
  };
  append('-', 2, unsigned(ymd.month()));
  append('-', 2, unsigned(ymd.day()));
  append('T', 2, s / 3600);
  append(':', 2, s / 60 % 60);
  append(':', 2, s % 60);
  if (us % 1000) append('.', 6, us);
  else if (us) append('.', 3, us / 1000);
  return text += 'Z';
}

std::optional<duration> parse_duration(std::string_view s) {
  if (!letter(s, 'P') || s.empty()) return {};
  auto result = duration();
  auto in_time = false;
  auto last = 0;  // units must fall: Y M W D H M S
  while (!s.empty()) {
    if (letter(s, 'T')) {
      if (in_time || s.empty()) return {};
      in_time = true;
      continue;
    }
    auto n = std::int64_t(0);
    auto count = 0;
    for (; !s.empty() && s[0] >= '0' && s[0] <= '9' && count < 9; s.remove_prefix(1), ++count) n = n * 10 + (s[0] - '0');
    auto us = std::int64_t(0);
    auto const fractional = !s.empty() && (s[0] == '.' || s[0] == ',');
    if (!count || !fraction(s, us) || s.empty()) return {};
    auto const unit = s[0];
    s.remove_prefix(1);
    auto const rank = in_time ? (unit == 'H' ? 5 : unit == 'M' ? 6 : unit == 'S' ? 7 : 0)
                              : (unit == 'Y' ? 1 : unit == 'M' ? 2 : unit == 'W' ? 3 : unit == 'D' ? 4 : 0);
    if (rank <= last || (fractional && rank != 7)) return {};
    last = rank;
    constexpr std::int64_t seconds[] = {0, 0, 0, 7 * 86'400, 86'400, 3'600, 60, 1};
    if (rank == 1) result.months += std::int32_t(std::min<std::int64_t>(n, 100'000) * 12);
    else if (rank == 2) result.months += std::int32_t(std::min<std::int64_t>(n, 1'200'000));
    else result.us += std::min<std::int64_t>(n, 300'000'000'000 / seconds[rank]) * seconds[rank] * us_per_second + us;
  }
  return last ? std::optional(result) : std::nullopt;
}

time_zone::time_zone(std::string_view name) {
  try {
    zone_ = date::locate_zone(std::string(name));
  } catch (std::runtime_error const&) {
    throw fault(fault_kind::invalid, "unknown time zone \"" + std::string(name) + "\"; say for example Europe/Berlin");
  }
}

std::int64_t time_zone::offset_us(timestamp t) const { return to_local(zone_, t).time_since_epoch().count() - t.us; }

timestamp time_zone::to_utc(std::int64_t local_us) const {
  auto const local = local_micros(micros(local_us));
  auto const info = zone(zone_)->get_info(local);
  return {local_us - std::chrono::duration_cast<micros>(info.first.offset).count()};
}

timestamp time_zone::start_of_day(timestamp t) const {
  return to_utc(date::floor<date::days>(to_local(zone_, t)).time_since_epoch().count() * us_per_day);
}

timestamp time_zone::start_of_month(timestamp t) const {
  auto const ymd = date::year_month_day(date::floor<date::days>(to_local(zone_, t)));
  return to_utc(date::local_days(ymd.year() / ymd.month() / 1).time_since_epoch().count() * us_per_day);
}

timestamp time_zone::add_days(timestamp t, int days) const {
  return to_utc(to_local(zone_, t).time_since_epoch().count() + days * us_per_day);
}

timestamp time_zone::add_months(timestamp t, int months) const {
  auto const local = to_local(zone_, t);
  auto const day = date::floor<date::days>(local);
  auto ymd = date::year_month_day(day) + date::months(months);
  if (!ymd.ok()) ymd = ymd.year() / ymd.month() / date::last;
  return to_utc(date::local_days(ymd).time_since_epoch().count() * us_per_day + (local - day).count());
}

timestamp system_clock::now() const {
  return {std::chrono::duration_cast<micros>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

}  // namespace dos
