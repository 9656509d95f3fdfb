// Finds, among many conditions of the form "attribute > number" or "attribute == text", those that a value meets,
// without looking at the others.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>

#include "kernel/graph/entity.h"
#include "kernel/graph/query.h"

namespace dos {

// What has to hold for a filter to hold. A text is equal to something or not, and knows no other relation here.
struct condition {
  symbol attribute;
  query::relation relation = query::relation::equal;
  std::variant<double, std::string> literal;
};

// Of a filter that is such a comparison, or a conjunction with one; otherwise nothing.
std::optional<condition> find_condition(query::node_ptr const& filter);

template <typename T>
class condition_index {
 public:
  void add(condition const& c, T item) {
    auto& of = attributes_[c.attribute];
    if (auto const* const text = std::get_if<std::string>(&c.literal))
      of.texts.emplace(*text, std::move(item));
    else
      of.side(c.relation).emplace(std::get<double>(c.literal), std::move(item));
  }

  void remove(condition const& c, T const& item) {
    auto const it = attributes_.find(c.attribute);
    if (it == attributes_.end()) return;
    if (auto const* const text = std::get_if<std::string>(&c.literal))
      erase(it->second.texts, *text, item);
    else
      erase(it->second.side(c.relation), std::get<double>(c.literal), item);
    if (it->second.is_empty()) attributes_.erase(it);
  }

  bool is_empty() const { return attributes_.empty(); }

  // Calls `visit` for every item whose condition may hold for `e`, perhaps more than once and for some whose does not
  // (equal numbers, values that are lists or objects).
  template <typename Visit>
  void for_each(entity const& e, Visit const& visit) const {
    for (auto const& [attribute, conditions] : attributes_) {
      for (auto const& a : e.attributes) {
        if (a->name == attribute) conditions.for_each(a->value, visit);
      }
    }
  }

 private:
  struct conditions {
    std::multimap<double, T> below, above, equal;
    std::unordered_multimap<std::string, T> texts;

    bool is_empty() const { return below.empty() && above.empty() && equal.empty() && texts.empty(); }

    std::multimap<double, T>& side(query::relation r) {
      switch (r) {
        case query::relation::greater:
        case query::relation::greater_equal:
          return above;
        case query::relation::less:
        case query::relation::less_equal:
          return below;
        default:
          return equal;
      }
    }

    template <typename Visit>
    void for_each(json::value const& v, Visit const& visit) const {
      auto const span = [&](auto from, auto to) { std::for_each(from, to, [&](auto const& c) { visit(c.second); }); };
      if (v.is_number()) {
        auto const number = v.as_double();
        span(above.begin(), above.upper_bound(number));
        span(below.lower_bound(number), below.end());
        span(equal.lower_bound(number), equal.upper_bound(number));
      } else if (v.is_string()) {
        if (texts.empty()) return;
        auto const [from, to] = texts.equal_range(std::string(v.as_string()));
        span(from, to);
      } else if (v.is_array() || v.is_object()) {
        for (auto const* const side : {&above, &below, &equal}) span(side->begin(), side->end());
        span(texts.begin(), texts.end());
      }
    }
  };

  template <typename Map>
  static void erase(Map& from, typename Map::key_type const& literal, T const& item) {
    auto const [first, last] = from.equal_range(literal);
    auto const it = std::find_if(first, last, [&](auto const& c) { return c.second == item; });
    if (it != last) from.erase(it);
  }

  std::unordered_map<symbol, conditions> attributes_;
};

}  // namespace dos
