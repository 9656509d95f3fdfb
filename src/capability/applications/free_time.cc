#include "capability/applications/free_time.h"

#include <algorithm>

namespace dos::applications {

std::vector<free_span> free_time(timestamp from, timestamp to, resource_times const& times) {
  struct turn {
    timestamp at;
    std::int64_t places = 0, wholes = 0;
  };
  auto turns = std::vector<turn>{{from}, {to}};
  for (auto const& t : times.taken) {
    auto const begin = std::max(t.from, from), end = std::min(t.to, to);
    if (begin >= end) continue;
    auto const places = std::int64_t(t.places), wholes = std::int64_t(t.is_whole);
    turns.push_back({begin, places, wholes});
    turns.push_back({end, -places, -wholes});
  }
  std::sort(turns.begin(), turns.end(), [](turn const& a, turn const& b) { return a.at < b.at; });
  auto spans = std::vector<free_span>();
  auto used = std::int64_t(0), wholes = std::int64_t(0);
  for (auto i = std::size_t(0); i + 1 < turns.size(); ++i) {
    used += turns[i].places;
    wholes += turns[i].wholes;
    auto const begin = turns[i].at, end = turns[i + 1].at;
    if (begin == end || wholes > 0 || used >= std::int64_t(times.capacity)) continue;
    auto const left = std::uint32_t(std::int64_t(times.capacity) - used);
    if (!spans.empty() && spans.back().to == begin && spans.back().places == left) spans.back().to = end;
    else spans.push_back({begin, end, left});
  }
  return spans;
}

}  // namespace dos::applications
