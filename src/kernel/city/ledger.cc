#include "kernel/city/ledger.h"

#include <array>

namespace dos {
namespace {

constexpr std::int64_t us_per_hour = 3'600 * us_per_second;
constexpr auto tally_texts =
    std::array<std::string_view, 7>{"received", "accepted", "stored", "repeated", "rejected", "delivered", "failed"};

}  // namespace

std::string_view to_text(tally t) { return tally_texts[std::size_t(t)]; }

void ledger::add(timestamp at, std::string_view source, tally what, std::string_view reason, std::uint64_t n) {
  auto const hour = at.us - at.us % us_per_hour;
  auto const lock = std::lock_guard(mutex_);
  if (hour > hour_) {
    hour_ = hour;
    lines_of_hour_ = 0;
  }
  auto k = key(hour, std::string(source), what, std::string(reason));
  if (hour == hour_ && lines_of_hour_ >= ledger_lines_max && !entries_.contains(k)) k = key(hour, "other", what, "");
  auto const [it, is_new] = entries_.try_emplace(std::move(k));
  if (is_new && hour == hour_) ++lines_of_hour_;
  it->second.n += n;
  it->second.changed = true;
}

void ledger::prune(std::int64_t before_us, std::vector<ledger_line>& gone) {
  while (!entries_.empty() && std::get<0>(entries_.begin()->first) < before_us) {
    auto const& [hour, source, what, reason] = entries_.begin()->first;
    gone.push_back({{hour}, source, what, reason, 0});
    entries_.erase(entries_.begin());
  }
}

std::vector<ledger_line> ledger::lines(timestamp from, timestamp to) const {
  auto found = std::vector<ledger_line>();
  auto const lock = std::lock_guard(mutex_);
  for (auto it = entries_.lower_bound(key(from.us, {}, tally::received, {})); it != entries_.end(); ++it) {
    auto const& [hour, source, what, reason] = it->first;
    if (hour >= to.us) break;
    found.push_back({{hour}, source, what, reason, it->second.n});
  }
  return found;
}

std::vector<ledger_line> ledger::take_changed() {
  auto taken = std::vector<ledger_line>();
  auto const lock = std::lock_guard(mutex_);
  prune(hour_ - ledger_days_max * 24 * us_per_hour, taken);
  for (auto& [k, e] : entries_) {
    if (!std::exchange(e.changed, false)) continue;
    auto const& [hour, source, what, reason] = k;
    taken.push_back({{hour}, source, what, reason, e.n});
  }
  return taken;
}

void ledger::restore(ledger_line line) {
  auto const lock = std::lock_guard(mutex_);
  if (line.hour.us > hour_) {
    hour_ = line.hour.us;
    lines_of_hour_ = 0;
  }
  if (line.hour.us == hour_) ++lines_of_hour_;
  entries_[key(line.hour.us, std::move(line.source), line.what, std::move(line.reason))] = {line.n, false};
}

}  // namespace dos
