#include "kernel/graph/ranking.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "geo/predicate.h"
#include "kernel/graph/comparison.h"
#include "kernel/graph/path.h"

namespace dos::query {

ranking::key ranking::key_of(order_by const& o, entity const& e) const {
  auto best = key();
  auto const offer = [&](key k) {
    if (compare(k, best, o.descending) < 0) best = std::move(k);
  };
  if (o.near) {
    if (o.through && !o.through->shows(e, o.path.attribute)) return best;
    for (auto const& a : e.attributes) {
      if (a->name != o.path.attribute || a->kind != attribute_kind::geo_property || a->geometry().is_empty()) continue;
      offer({key::rank::number, geo::distance_m(a->geometry(), *o.near), {}});
    }
    return best;
  }
  auto const add = [&](json::value const& v) {
    if (v.is_bool()) offer({key::rank::boolean, double(v.as_bool()), {}});
    if (v.is_number() && !std::isnan(v.as_double())) offer({key::rank::number, v.as_double(), {}});
    if (!v.is_string()) return;
    auto const time = find_time_or_day(v.as_string());
    if (time) offer({key::rank::time, double(time->us), {}});
    else offer({key::rank::text, 0, o.folded ? text::folded(v.as_string()) + '\0' + std::string(v.as_string()) : std::string(v.as_string())});
  };
  any_value(o.path, e, o.through.get(), [&](json::value const& v) {
    auto const& inner = unwrapped(v);
    if (!inner.is_array()) {
      add(inner);
      return false;
    }
    for (auto const& item : inner.as_array()) add(unwrapped(item));
    return false;
  });
  return best;
}

int ranking::compare(key const& a, key const& b, bool descending) const {
  if ((a.rank == key::rank::missing) != (b.rank == key::rank::missing)) return b.rank == key::rank::missing ? -1 : 1;
  auto const sign = descending ? -1 : 1;
  if (a.rank != b.rank) return a.rank < b.rank ? -sign : sign;
  if (a.number != b.number) return a.number < b.number ? -sign : sign;
  auto const c = a.text.compare(b.text);
  return c < 0 ? -sign : c > 0 ? sign : 0;
}

bool ranking::is_before(entry const& a, entry const& b) const {
  for (auto i = std::size_t(0); i < order_.size(); ++i) {
    if (auto const c = compare(a.keys[i], b.keys[i], order_[i].descending); c != 0) return c < 0;
  }
  return a.entity->id < b.entity->id;
}

void ranking::cut() {
  if (entries_.size() <= size_max_) return;
  auto const end = entries_.begin() + std::ptrdiff_t(size_max_);
  std::nth_element(entries_.begin(), end, entries_.end(), [&](auto const& a, auto const& b) { return is_before(a, b); });
  entries_.erase(end, entries_.end());
}

void ranking::add(entity_ptr e) {
  auto keys = std::vector<key>();
  keys.reserve(order_.size());
  for (auto const& o : order_) keys.push_back(key_of(o, *e));
  entries_.push_back({std::move(keys), std::move(e)});
  if (entries_.size() >= size_max_ * 2 + 1024) cut();
}

double ranking::farthest_m() {
  cut();
  if (entries_.size() < size_max_) return std::numeric_limits<double>::infinity();
  auto farthest = 0.0;
  for (auto const& e : entries_) {
    if (e.keys[0].rank == key::rank::missing) return std::numeric_limits<double>::infinity();
    farthest = std::max(farthest, e.keys[0].number);
  }
  return farthest;
}

std::vector<entity_ptr> ranking::take(std::size_t offset) {
  cut();
  std::sort(entries_.begin(), entries_.end(), [&](auto const& a, auto const& b) { return is_before(a, b); });
  auto page = std::vector<entity_ptr>();
  for (auto i = offset; i < entries_.size(); ++i) page.push_back(std::move(entries_[i].entity));
  entries_.clear();
  return page;
}

}  // namespace dos::query
