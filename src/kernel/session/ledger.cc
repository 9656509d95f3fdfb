#include "kernel/session/ledger.h"

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
  auto& e = entries_[key(hour, std::string(source), what, std::string(reason))];
  e.n += n;
  e.changed = true;
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
  for (auto& [k, e] : entries_) {
    if (!std::exchange(e.changed, false)) continue;
    auto const& [hour, source, what, reason] = k;
    taken.push_back({{hour}, source, what, reason, e.n});
  }
  return taken;
}

void ledger::restore(ledger_line line) {
  auto const lock = std::lock_guard(mutex_);
  entries_[key(line.hour.us, std::move(line.source), line.what, std::move(line.reason))] = {line.n, false};
}

}  // namespace dos
