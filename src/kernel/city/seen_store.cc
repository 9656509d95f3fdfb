#include "kernel/city/seen_store.h"

#include <algorithm>
#include <map>
#include <set>

namespace dos {
namespace {

query::query of_type(symbol type) {
  auto q = query::query();
  q.selectors.push_back({{}, nullptr, {{type}}});
  q.limit = 0;
  q.count = true;
  return q;
}

}  // namespace

entity_ptr seen_store::find(std::string_view id) const { return view_->masked(of_.find(id)); }

// What changed while it was looked at is masked as it is then.
entity_store::page seen_store::find(query::query const& q) const {
  if (view_->is_clear()) return of_.find(q);
  auto page = of_.find(view_->narrowed(q));
  for (auto& e : page.entities) e = view_->masked(e);
  std::erase(page.entities, nullptr);
  return page;
}

void seen_store::for_each(query::query const& q, std::function<bool(entity_ptr const&)> const& visit) const {
  if (view_->is_clear()) return of_.for_each(q, visit);
  of_.for_each(view_->narrowed(q), [&](entity_ptr const& e) {
    auto const seen = view_->masked(e);
    return !seen || visit(seen);
  });
}

std::vector<series_ref> seen_store::series_of(std::string_view id) const {
  auto const e = of_.find(id);
  if (!e || !view_->reads(*e)) return {};
  auto all = of_.series_of(id);
  std::erase_if(all, [&](series_ref const& s) { return !view_->shows_history(*e, s.attribute); });
  return all;
}

std::optional<entity_store::owned_series> seen_store::find_series(std::uint64_t number) const {
  auto found = of_.find_series(number);
  if (!found || !view_->reads(*found->entity) || !view_->shows_history(*found->entity, found->series.attribute)) return std::nullopt;
  found->entity = view_->masked(found->entity);
  return found;
}

std::vector<std::pair<symbol, std::size_t>> seen_store::types() const {
  auto all = of_.types();
  if (view_->is_clear()) return all;
  for (auto& [type, n] : all) n = view_->may_read(type) ? find(of_type(type)).total.value_or(0) : 0;
  std::erase_if(all, [](auto const& t) { return t.second == 0; });
  return all;
}

std::vector<std::pair<symbol, std::size_t>> seen_store::attributes_of(symbol type) const {
  if (!view_->may_read(type)) return {};
  if (view_->is_clear() || (view_->reads_all_of(type) && !of_.is_mixed(type))) return of_.attributes_of(type);
  auto counts = std::map<symbol, std::size_t>();
  for_each(of_type(type), [&](entity_ptr const& e) {
    auto names = std::set<symbol>();
    for (auto const& a : e->attributes) names.insert(a->name);
    for (auto const name : names) ++counts[name];
    return true;
  });
  auto all = std::vector<std::pair<symbol, std::size_t>>(counts.begin(), counts.end());
  std::sort(all.begin(), all.end(), [](auto const& a, auto const& b) { return a.first.text() < b.first.text(); });
  return all;
}

}  // namespace dos
