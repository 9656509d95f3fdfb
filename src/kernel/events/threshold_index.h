// Finds, among many conditions of the form "attribute > number", those that a value meets, without looking at the others.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "kernel/graph/entity.h"
#include "kernel/graph/query.h"

namespace dos {

// A condition that has to hold for a filter to hold.
struct threshold {
  symbol attribute;
  query::relation relation = query::relation::equal;
  double number = 0;
};

// Of a filter that is such a comparison, or a conjunction with one; otherwise nothing.
std::optional<threshold> find_threshold(query::node_ptr const& filter);

template <typename T>
class threshold_index {
 public:
  void add(threshold const& t, T item) { side(attributes_[t.attribute], t.relation).emplace(t.number, std::move(item)); }

  void remove(threshold const& t, T const& item) {
    auto const it = attributes_.find(t.attribute);
    if (it == attributes_.end()) return;
    auto& conditions = side(it->second, t.relation);
    auto const [from, to] = conditions.equal_range(t.number);
    for (auto c = from; c != to; ++c) {
      if (c->second != item) continue;
      conditions.erase(c);
      break;
    }
    if (it->second.is_empty()) attributes_.erase(it);
  }

  // Calls `visit` for every item whose condition may hold for `e`, perhaps more than once and for some whose does not
  // (equal numbers, values that are no plain numbers).
  template <typename Visit>
  void for_each(entity const& e, Visit const& visit) const {
    for (auto const& [attribute, sides] : attributes_) {
      for (auto const& a : e.attributes) {
        if (a->name == attribute) sides.for_each(a->value, visit);
      }
    }
  }

 private:
  using conditions = std::multimap<double, T>;
  struct sides {
    conditions below, above, equal;

    bool is_empty() const { return below.empty() && above.empty() && equal.empty(); }

    template <typename Visit>
    void for_each(json::value const& v, Visit const& visit) const {
      auto const plain = v.is_number();
      auto const number = plain ? v.as_double() : 0.0;
      auto const span = [&](auto from, auto to) { std::for_each(from, to, [&](auto const& c) { visit(c.second); }); };
      span(above.begin(), plain ? above.upper_bound(number) : above.end());
      span(plain ? below.lower_bound(number) : below.begin(), below.end());
      span(plain ? equal.lower_bound(number) : equal.begin(), plain ? equal.upper_bound(number) : equal.end());
    }
  };

  static conditions& side(sides& s, query::relation r) {
    switch (r) {
      case query::relation::greater:
      case query::relation::greater_equal: return s.above;
      case query::relation::less:
      case query::relation::less_equal: return s.below;
      default: return s.equal;
    }
  }

  std::unordered_map<symbol, sides> attributes_;
};

}  // namespace dos
