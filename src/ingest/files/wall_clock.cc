#include "ingest/files/wall_clock.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace dos::files {
namespace {

constexpr auto one_night_us = 12 * 3600 * us_per_second;

}  // namespace

void wall_clock::learn(clock_reading const& reading) {
  auto const before = std::exchange(learnt_us_, reading.local_us);
  if (!before || *before == reading.local_us) return;
  auto const step = *before < reading.local_us ? order::ascending : order::descending;
  if (order_ == order::unknown) order_ = step;
  steps_back_ = step == order_ ? std::max(steps_back_ - 1, 0) : steps_back_ + 1;
  if (steps_back_ <= steps_back_max) return;
  order_ = step;
  steps_back_ = 0;
}

bool wall_clock::exists(std::int64_t local_us) const {
  auto const at = zone_.to_utc(local_us);
  return at.us + zone_.offset_us(at) == local_us;
}

bool wall_clock::is_doubtful(clock_reading const& reading, time_rule const& rule) const {
  auto const local = reading.local_us - rule.ends_period_us;
  return !reading.offset_us && zone_.to_utc(local) != later_utc(zone_, local);
}

// Nothing of this series came just before it in the file.
wall_clock::guess wall_clock::first_seen(std::int64_t local_us, std::int64_t period_us, known_past const& past) const {
  auto const first = zone_.to_utc(local_us) + period_us, second = later_utc(zone_, local_us) + period_us;
  auto const is_first = guess{false, true}, is_second = guess{true, true};
  if (undoubted_us_) {
    auto const step = local_us - *undoubted_us_;
    if (!descends() && step > 0 && step <= one_night_us) return is_first;
    if (descends() && step < 0 && step >= -one_night_us) return is_second;
  }
  if (past.equal_values) {
    auto const then = past.equal_values(first);
    auto const later = past.equal_values(second);
    if (then + later > 0) return later > then ? is_second : is_first;
  }
  if (past.now != no_time && past.now < second) return is_first;  // the second is still to come
  auto const last = past.last_observed && !descends() ? past.last_observed() : no_time;
  if (last != no_time && last < second && last > first - one_night_us) {
    if (last < first) return is_first;
    auto const was_put_back = zone_.offset_us(last - period_us) != zone_.offset_us(first - period_us);
    return {true, was_put_back};  // else it goes back now
  }
  return {descends(), false};
}

clock_answer wall_clock::to_utc(clock_reading const& reading, time_rule const& rule, std::string const& series,
                                std::size_t record, known_past const& past) {
  if (reading.offset_us) return {timestamp{reading.local_us - *reading.offset_us}};
  auto const local = reading.local_us - rule.ends_period_us;
  if (!exists(local)) {
    // The end of a period whose beginning was never shown, as some publish the hour before.
    if (rule.ends_period_us > 0 && exists(reading.local_us)) return {zone_.to_utc(reading.local_us)};
    return {{},
            "this time does not exist: clocks were put forward then. Does the file keep winter time all year "
            "(time_zone: Etc/GMT-1)?"};
  }
  auto const first = zone_.to_utc(local);
  auto const second = later_utc(zone_, local);
  if (first == second) {
    undoubted_us_ = local;
    return {first + rule.ends_period_us};
  }
  auto remark = std::string();
  if (last_.size() >= series_max) last_.clear();
  auto const [found, is_new] = last_.try_emplace(series, last_doubt{local, record, false});
  auto& last = found->second;
  if (is_new || std::abs(local - last.local_us) > one_night_us) {
    auto const seen = first_seen(local, rule.ends_period_us, past);
    last = {local, record, seen.is_second};
    if (!seen.is_sure) {
      remark = std::string("this time exists twice on the day when clocks are put back; it is taken for the ") +
               (seen.is_second ? "second (winter time)" : "first (summer time)");
    }
  } else {
    // Regular periods come once each; elsewhere an equal record at an equal time is a repetition.
    auto const is_other = local == last.local_us && (rule.ends_period_us > 0 || record != last.record);
    auto const is_past = descends() ? local > last.local_us || is_other : local < last.local_us || is_other;
    last = {local, record, descends() ? last.is_second && !is_past : last.is_second || is_past};
  }
  return {(last.is_second ? second : first) + rule.ends_period_us, std::move(remark)};
}

}  // namespace dos::files
