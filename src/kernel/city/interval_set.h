// Half-open intervals that may overlap, each with a weight: which of them meet a given one, without looking at the others.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <vector>

namespace dos {

struct interval {
  std::int64_t from = 0, to = 0;
  std::uint32_t weight = 1;
  std::uint64_t owner = 0;  // tells those of the same time apart

  bool operator==(interval const&) const = default;
};

// Kept by order of length: of those between one and two hours, say, the ones that meet an interval begin no more than two hours
// before it. So one that lasts a year makes the others no slower to find.
class interval_set {
 public:
  void add(interval const& i) { by_length_[length_class(i)].emplace(i.from, i); }
  bool remove(interval const& i) {
    auto const lengths = by_length_.find(length_class(i));
    if (lengths == by_length_.end()) return false;
    auto const [first, last] = lengths->second.equal_range(i.from);
    auto const it = std::find_if(first, last, [&](auto const& one) { return one.second == i; });
    if (it == last) return false;
    lengths->second.erase(it);
    if (lengths->second.empty()) by_length_.erase(lengths);
    return true;
  }
  bool empty() const { return by_length_.empty(); }

  // visit(interval const&) says whether to stop.
  template <typename Visit>
  bool any_meeting(std::int64_t from, std::int64_t to, Visit const& visit) const {
    for (auto const& [length, all] : by_length_) {
      auto const longest = length > 62 ? INT64_MAX : std::int64_t(1) << length;
      auto const begin = from >= INT64_MIN + longest ? from - longest : INT64_MIN;
      for (auto it = all.lower_bound(begin); it != all.end() && it->first < to; ++it) {
        if (it->second.to > from && visit(it->second)) return true;
      }
    }
    return false;
  }
  bool meets(std::int64_t from, std::int64_t to) const {
    return any_meeting(from, to, [](interval const&) { return true; });
  }
  // The greatest weight of those that are there at one moment of it.
  std::uint64_t peak(std::int64_t from, std::int64_t to) const {
    auto edges = std::vector<std::pair<std::int64_t, std::int64_t>>();
    any_meeting(from, to, [&](interval const& i) {
      edges.emplace_back(std::max(i.from, from), std::int64_t(i.weight));
      edges.emplace_back(i.to, -std::int64_t(i.weight));
      return false;
    });
    std::sort(edges.begin(), edges.end());
    auto now = std::int64_t(0), most = std::int64_t(0);
    for (auto const& [at, by] : edges) most = std::max(most, now += by);
    return std::uint64_t(most);
  }

 private:
  // Shorter than 2^n.
  static int length_class(interval const& i) { return std::bit_width(std::uint64_t(i.to) - std::uint64_t(i.from)); }

  std::map<int, std::multimap<std::int64_t, interval>> by_length_;
};

}  // namespace dos
