#include "ingest/files/wall_clock.h"

#include <cstdlib>

namespace dos::files {

timestamp wall_clock::to_utc(clock_reading const& reading, time_rule const& rule, std::string const& series,
                             std::size_t record) {
  if (reading.offset_us) return {reading.local_us - *reading.offset_us};
  auto const local = reading.local_us - rule.ends_period_us;
  auto const first = zone_.to_utc(local);
  auto const second = later_utc(zone_, local);
  if (first == second) return first + rule.ends_period_us;

  if (last_.size() >= series_max) last_.clear();
  auto const [found, is_new] = last_.try_emplace(series, last_doubt{local, record, false});
  auto& last = found->second;
  constexpr auto one_night_us = 12 * 3600 * us_per_second;
  if (is_new || std::abs(local - last.local_us) > one_night_us) {
    last = {local, record, false};
  } else {
    // Regular periods come once each; elsewhere an equal record at an equal time is a repetition.
    auto const is_other = local == last.local_us && (rule.ends_period_us > 0 || record != last.record);
    last = {local, record, last.is_second || local < last.local_us || is_other};
  }
  return (last.is_second ? second : first) + rule.ends_period_us;
}

}  // namespace dos::files
