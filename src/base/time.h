// Points in time: int64 microseconds since 1970-01-01T00:00:00Z, always UTC.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dos {

struct timestamp {
  std::int64_t us = 0;

  auto operator<=>(timestamp const&) const = default;
};

inline constexpr std::int64_t us_per_second = 1'000'000;
inline constexpr timestamp timestamp_min{-62'167'219'200 * us_per_second};     // 0000-01-01T00:00:00Z
inline constexpr timestamp timestamp_max{253'402'300'799 * us_per_second + 999'999};  // 9999-12-31T23:59:59.999999Z

inline timestamp operator+(timestamp t, std::int64_t us) { return {t.us + us}; }
inline timestamp operator-(timestamp t, std::int64_t us) { return {t.us - us}; }
inline std::int64_t operator-(timestamp a, timestamp b) { return a.us - b.us; }

// ISO 8601 date and time with zone ("2026-11-21T20:27:08.25Z", "+01:00", comma or point, 0 to 9 digits of which the
// first six count). Years 0000 to 9999. Anything else: nothing.
std::optional<timestamp> parse_timestamp(std::string_view text);

// "2026-11-21T20:27:08Z", with .mmm or .uuuuuu only when needed.
std::string to_string(timestamp t);

// ISO 8601 duration "P1Y2M3DT4H5M6.5S" to months and microseconds; months because their length depends on the date.
struct duration {
  std::int32_t months = 0;
  std::int64_t us = 0;
};
std::optional<duration> parse_duration(std::string_view text);

// A calendar that people live by. `name` is an IANA zone ("Europe/Berlin"); throws fault invalid when unknown.
class time_zone {
 public:
  explicit time_zone(std::string_view name);

  std::int64_t offset_us(timestamp t) const;  // local = UTC + offset
  // Wall clock to UTC. In the hour that exists twice the earlier one is meant; in the hour that does not exist, the
  // clock is read as if it had not been changed.
  timestamp to_utc(std::int64_t local_us) const;
  timestamp start_of_day(timestamp t) const;    // a day has 23, 24 or 25 hours
  timestamp start_of_month(timestamp t) const;  //
  timestamp add_days(timestamp t, int days) const;      // keeps the wall clock
  timestamp add_months(timestamp t, int months) const;  // keeps the wall clock; the 31st becomes the month's last

 private:
  void const* zone_;
};

// Time is given to code, never taken by it.
struct clock {
  virtual ~clock() = default;
  virtual timestamp now() const = 0;
};
struct system_clock final : clock {
  timestamp now() const override;
};

}  // namespace dos
