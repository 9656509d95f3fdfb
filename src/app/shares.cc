#include "app/shares.h"

#include <algorithm>
#include <cmath>

namespace dos::app {

double shares::used_ns(share const& s, time now) const {
  if (s.used_ns == 0) return 0;
  auto const half_lives = std::chrono::duration<double>(now - s.at) / std::chrono::duration<double>(half_life);
  return s.used_ns * std::exp2(-std::max(half_lives, 0.0));
}

void shares::begin(std::string const& who) { ++all_[who].threads; }

void shares::end(std::string const& who) { --all_.at(who).threads; }

void shares::charge(std::string const& who, time used, time now) {
  auto& s = all_[who];
  s.used_ns = used_ns(s, now) + double(used.count());
  s.at = now;
}

std::optional<std::string> shares::next(std::vector<std::string_view> const& waiting, time now) const {
  auto best = std::optional<std::string_view>();
  auto best_used = time();
  auto best_threads = 0;
  for (auto const& who : waiting) {
    auto const it = all_.find(who);
    auto const s = it == all_.end() ? share() : it->second;
    auto const used = time(std::int64_t(used_ns(s, now)));
    if (s.threads >= threads_max(who, used, now)) continue;
    if (best && std::pair(used, s.threads) >= std::pair(best_used, best_threads)) continue;
    best = who;
    best_used = used;
    best_threads = s.threads;
  }
  return best ? std::optional(std::string(*best)) : std::nullopt;
}

int shares::threads_max(std::string_view who, time used, time now) const {
  auto const is_here = [&](auto const& s) { return s.first != who && used_ns(s.second, now) > double(time(presence).count()); };
  auto const is_much = used > moment && std::any_of(all_.begin(), all_.end(), is_here);
  return std::max(1, is_much ? threads_ / 2 : threads_ - 1);
}

shares::time shares::used_of_late(std::string const& who, time now) const {
  auto const it = all_.find(who);
  return it == all_.end() ? time() : time(std::int64_t(used_ns(it->second, now)));
}

void shares::forget_idle(time now) {
  std::erase_if(all_, [&](auto const& s) { return s.second.threads == 0 && used_ns(s.second, now) < 1e6; });
}

}  // namespace dos::app
