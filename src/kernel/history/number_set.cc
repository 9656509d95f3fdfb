#include "kernel/history/number_set.h"

#include <algorithm>

namespace dos::history_parts {

void number_set::add(observation_number n) {
  if (!runs_.empty() && runs_.back().last + 1 == n)
    runs_.back().last = n;
  else
    runs_.push_back({n, n});
}

void number_set::settle() {
  std::sort(runs_.begin(), runs_.end(), [](run const& a, run const& b) { return a.first < b.first; });
  auto settled = std::size_t(0);
  for (auto const& r : runs_) {
    if (settled != 0 && r.first <= runs_[settled - 1].last + 1) {
      runs_[settled - 1].last = std::max(runs_[settled - 1].last, r.last);
    } else {
      runs_[settled++] = r;
    }
  }
  runs_.resize(settled);
}

bool number_set::meets(observation_number first, observation_number last) const {
  auto const r = std::lower_bound(runs_.begin(), runs_.end(), first, [](run const& x, auto n) { return x.last < n; });
  return r != runs_.end() && r->first <= last;
}

}  // namespace dos::history_parts
