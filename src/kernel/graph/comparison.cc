#include "kernel/graph/comparison.h"

#include <algorithm>

#include "base/text.h"
#include "kernel/graph/path.h"
#include "kernel/graph/pattern.h"

namespace dos::query {
namespace {

using literal_or_range = std::variant<json::value, range>;

template <typename Holds>
bool any_item(json::value const& v, Holds const& one_holds) {
  auto const& inner = unwrapped(v);
  if (!inner.is_array()) return one_holds(inner);
  return std::any_of(inner.as_array().begin(), inner.as_array().end(),
                     [&](json::value const& item) { return one_holds(unwrapped(item)); });
}

bool equals(json::value const& v, json::value const& literal, bool folded) {
  auto const& wanted = unwrapped(literal);
  if (!wanted.is_array() && !wanted.is_object()) {
    return any_item(v, [&](json::value const& item) {
      return (item.is_null() && wanted.is_null()) || compare_scalars(item, wanted, folded) == 0;
    });
  }
  return v == literal || unwrapped(v) == wanted || any_item(v, [&](json::value const& item) { return item == wanted; });
}

bool lies_in(json::value const& v, range const& r, bool folded) {
  return any_item(v, [&](json::value const& item) {
    return compare_scalars(item, unwrapped(r.from), folded) >= 0 && compare_scalars(item, unwrapped(r.to), folded) <= 0;
  });
}

bool equals(json::value const& v, literal_or_range const& wanted, bool folded) {
  auto const* const literal = std::get_if<json::value>(&wanted);
  return literal ? equals(v, *literal, folded) : lies_in(v, std::get<range>(wanted), folded);
}

bool found_in(json::value const& v, pattern const& p) {
  return any_item(v, [&](json::value const& item) { return item.is_string() && p.found_in(item.as_string()); });
}

bool equals_operand(json::value const& v, operand const& o, bool folded) {
  struct visitor {
    json::value const& v;
    bool folded;
    bool operator()(json::value const& literal) const { return equals(v, literal, folded); }
    bool operator()(range const& r) const { return lies_in(v, r, folded); }
    bool operator()(std::vector<literal_or_range> const& list) const {
      return std::any_of(list.begin(), list.end(), [&](auto const& wanted) { return equals(v, wanted, folded); });
    }
    bool operator()(std::shared_ptr<pattern const> const& p) const { return p && found_in(v, *p); }
    bool operator()(variable const&) const { return false; }
  };
  return std::visit(visitor{v, folded}, o);
}

bool is_in_order(std::partial_ordering order, relation r) {
  switch (r) {
    case relation::less: return order < 0;
    case relation::less_equal: return order <= 0;
    case relation::greater: return order > 0;
    default: return order >= 0;
  }
}

bool contains(json::value const& v, json::value const& literal, bool folded) {
  if (!literal.is_string()) return false;
  auto const part = folded ? text::folded(literal.as_string()) : std::string(literal.as_string());
  return any_item(v, [&](json::value const& item) {
    if (!item.is_string()) return false;
    return folded ? text::folded(item.as_string()).find(part) != std::string::npos
                  : item.as_string().find(part) != std::string_view::npos;
  });
}

}  // namespace

std::optional<timestamp> find_time(std::string_view text) {
  if (text.size() < 17 || text[4] != '-' || text[10] != 'T') return std::nullopt;
  return parse_timestamp(text);
}

std::optional<timestamp> find_time_or_day(std::string_view text) {
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') return parse_timestamp(std::string(text) + "T00:00:00Z");
  return find_time(text);
}

std::partial_ordering compare_scalars(json::value const& a, json::value const& b, bool folded) {
  if (a.is_number() && b.is_number()) {
    return a.is_int() && b.is_int() ? std::partial_ordering(a.as_int() <=> b.as_int()) : a.as_double() <=> b.as_double();
  }
  if (a.is_string() && b.is_string()) {
    if (auto const time = find_time(b.as_string())) {
      auto const mine = find_time_or_day(a.as_string());
      return mine ? *mine <=> *time : std::partial_ordering::unordered;
    }
    return folded ? text::folded(a.as_string()) <=> text::folded(b.as_string()) : a.as_string() <=> b.as_string();
  }
  if (a.is_bool() && b.is_bool()) return a.as_bool() <=> b.as_bool();
  return std::partial_ordering::unordered;
}

bool holds(json::value const& v, relation r, operand const& o, bool folded) {
  switch (r) {
    case relation::equal: return equals_operand(v, o, folded);
    case relation::not_equal: return !equals_operand(v, o, folded);
    case relation::matches: return equals_operand(v, o, folded);
    case relation::not_matches: return !equals_operand(v, o, folded);
    case relation::contains_text: {
      auto const* const literal = std::get_if<json::value>(&o);
      return literal && contains(v, *literal, folded);
    }
    default: {
      auto const* const literal = std::get_if<json::value>(&o);
      return literal && any_item(v, [&](json::value const& item) {
               return is_in_order(compare_scalars(item, unwrapped(*literal), folded), r);
             });
    }
  }
}

}  // namespace dos::query
