#include "people/sign_in_limits.h"

#include <algorithm>

namespace dos::people {

sign_in_limits::tries& sign_in_limits::of(key const& k, timestamp now) {
  if (auto const it = entries_.find(k); it != entries_.end()) {
    if (now - it->second.last > forgotten_after_us) it->second.failures = 0;
    return it->second;
  }
  if (entries_.size() >= entries_max) {  // what is old gives way, then whatever is first
    std::erase_if(entries_, [&](auto const& e) { return now - e.second.last > forgotten_after_us; });
    if (entries_.size() >= entries_max) entries_.erase(entries_.begin());
  }
  return entries_.emplace(k, tries{0, now, false}).first->second;
}

std::int64_t sign_in_limits::wait_us(tries const& t, int free, timestamp now) {
  if (t.failures < free) return 0;
  auto const doubled = std::min(t.failures - free, 5);
  auto const delay = std::min<std::int64_t>(us_per_second << doubled, delay_us_max);
  return std::max<std::int64_t>(0, t.last.us + delay - now.us);
}

int sign_in_limits::wait_s(std::string_view address, std::string_view account, timestamp now) {
  auto const lock = std::lock_guard(mutex_);
  auto const here = std::string(address), whose = std::string(account);
  auto const& mine = of({here, whose}, now);
  auto const is_known = mine.is_known;
  auto wait = std::max(wait_us(mine, free_tries, now), wait_us(of({here, ""}, now), free_tries_of_address, now));
  if (!is_known) wait = std::max(wait, wait_us(of({"", whose}, now), free_tries_of_account, now));
  return int((wait + us_per_second - 1) / us_per_second);
}

void sign_in_limits::failed(std::string_view address, std::string_view account, timestamp now) {
  auto const lock = std::lock_guard(mutex_);
  auto const here = std::string(address), whose = std::string(account);
  auto const is_known = of({here, whose}, now).is_known;
  for (auto const& k : {key{here, whose}, key{here, ""}, key{"", whose}}) {
    if (k.first.empty() && is_known) continue;
    auto& t = of(k, now);
    t.failures = std::min(t.failures + 1, 1'000'000);
    t.last = now;
  }
}

void sign_in_limits::succeeded(std::string_view address, std::string_view account, timestamp now) {
  auto const lock = std::lock_guard(mutex_);
  auto& t = of({std::string(address), std::string(account)}, now);
  t = {0, now, true};
}

}  // namespace dos::people
