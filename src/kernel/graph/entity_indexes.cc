#include "kernel/graph/entity_indexes.h"

#include <algorithm>
#include <bit>

#include "geo/geometry.h"
#include "kernel/graph/attribute_editor.h"
#include "kernel/graph/comparison.h"

namespace dos {
namespace {

// Looking at an entity costs about as much as taking so many slots from an index (measured: 300 ns and 10 ns).
constexpr std::size_t listed_per_look = 32;
// Searching the tree holds the writer up, so a place that many are in is not searched, but every entity looked at.
constexpr std::size_t places_found_max = 100'000;

entity const* living(entity const* e) { return e && e->deleted_at == no_time ? e : nullptr; }

void make_distinct(std::vector<symbol>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

std::vector<symbol> attribute_names(entity const& e) {
  auto names = std::vector<symbol>();
  names.reserve(e.attributes.size());
  for (auto const& a : e.attributes) names.push_back(a->name);
  make_distinct(names);
  return names;
}

bool same_structure(entity const& a, entity const& b) {
  return a.types == b.types && std::equal(a.attributes.begin(), a.attributes.end(), b.attributes.begin(), b.attributes.end(),
                                          [](auto const& x, auto const& y) { return x->name == y->name; });
}

struct changed_attribute {
  symbol name;
  bool is_place = false;
  auto operator<=>(changed_attribute const&) const = default;
};

// Attributes that only one of the two has, as the same object.
void add_missing(std::vector<changed_attribute>& changed, entity const* from, entity const* in) {
  if (!from) return;
  auto const there = attribute_places(in ? in->attributes : from->attributes);
  for (auto i = std::size_t(0); i < from->attributes.size(); ++i) {
    auto const& a = from->attributes[i];
    auto const place = in ? there.find(a->name, a->dataset, i) : attribute_places::nowhere;
    if (place != attribute_places::nowhere && in->attributes[place] == a) continue;
    changed.push_back({a->name, a->kind == attribute_kind::geo_property});
  }
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
}

void change_derived(derived_index& index, std::uint32_t slot, entity const* before, entity const* after) {
  if (before) index.erase(slot, *before);
  if (after) index.insert(slot, *after);
}

void add_conjuncts(query::node const& n, std::vector<query::node const*>& out) {
  if (n.what != query::node::kind::all) {
    out.push_back(&n);
    return;
  }
  for (auto const& child : n.children) add_conjuncts(*child, out);
}

// "id==…" of the entity itself.
std::optional<std::vector<std::string>> ids_named(query::node const& n) {
  if (n.path.attribute || n.path.what != query::path::field::id || n.relation != query::relation::equal || n.folded)
    return std::nullopt;
  auto ids = std::vector<std::string>();
  auto const add = [&](json::value const& v) {
    if (!v.is_string() || query::find_time(v.as_string())) return false;
    ids.emplace_back(v.as_string());
    return true;
  };
  if (auto const* const one = std::get_if<json::value>(&n.operand)) return add(*one) ? std::optional(ids) : std::nullopt;
  auto const* const list = std::get_if<std::vector<std::variant<json::value, query::range>>>(&n.operand);
  if (!list) return std::nullopt;
  for (auto const& v : *list) {
    auto const* const one = std::get_if<json::value>(&v);
    if (!one || !add(*one)) return std::nullopt;
  }
  return ids;
}

// Whether indexes could answer, if they were there.
bool can_have_source(query::node const& n) {
  auto const can = [](query::node_ptr const& child) { return can_have_source(*child); };
  switch (n.what) {
    case query::node::kind::geo: return n.spatial->box().has_value();
    case query::node::kind::compare: return ids_named(n) || value_index::find_bounds(n);
    case query::node::kind::all: return std::any_of(n.children.begin(), n.children.end(), can);
    case query::node::kind::any: return std::all_of(n.children.begin(), n.children.end(), can);
    default: return false;
  }
}

// In order, each once. Many are marked in a row of bits, which is faster than sorting.
void make_distinct(std::vector<std::uint32_t>& slots) {
  if (slots.empty()) return;
  auto const words = *std::max_element(slots.begin(), slots.end()) / 64 + 1;
  if (words > slots.size() * 8) {
    std::sort(slots.begin(), slots.end());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    return;
  }
  auto marked = std::vector<std::uint64_t>(words);
  for (auto const slot : slots) marked[slot / 64] |= 1ull << slot % 64;
  auto out = slots.begin();
  for (auto w = std::uint32_t(0); w < words; ++w) {
    for (auto bits = marked[w]; bits; bits &= bits - 1) *out++ = w * 64 + std::uint32_t(std::countr_zero(bits));
  }
  slots.erase(out, slots.end());
}

// Only types and conditions on values decide, and at most one type: what the indexes say of such a query can be exact.
bool has_plain_form(query::query const& q) {
  if (!q.attributes.empty() || !q.scopes.empty() || q.with_deleted || q.selectors.size() > 1) return false;
  if (q.selectors.empty()) return true;
  auto const& s = q.selectors[0];
  return s.ids.empty() && !s.id_pattern && s.types.size() == 1 && s.types[0].size() == 1;
}

}  // namespace

void entity_indexes::change(std::uint32_t slot, entity const* before, entity const* after) {
  if (before && !living(before)) deleted_.erase(slot);
  if (after && !living(after)) deleted_.insert(slot);
  before = living(before);
  after = living(after);
  if (!before && !after) return;
  if (!before || !after || !same_structure(*before, *after)) {
    if (before) count(slot, *before, -1);
    if (after) count(slot, *after, 1);
  }
  auto changed = std::vector<changed_attribute>();
  add_missing(changed, before, after);
  add_missing(changed, after, before);
  for (auto const& c : changed) {
    if (c.is_place) change_place(slot, c.name, after);
    for (auto const& v : values_) {
      if (v->index->concerns(c.name)) change_derived(*v->index, slot, before, after);
    }
  }
  auto const new_words = !before || !after || std::any_of(changed.begin(), changed.end(), [&](auto const& c) {
    return words_ && words_->concerns(c.name);
  });
  if (words_ && new_words) change_derived(*words_, slot, before, after);
}

void entity_indexes::count(std::uint32_t slot, entity const& e, int by) {
  if (by > 0) living_.insert(slot);
  else living_.erase(slot);
  auto const names = attribute_names(e);
  for (auto const type : e.types) {
    auto& entry = types_[type];
    if (!(by > 0 ? entry.slots.insert(slot) : entry.slots.erase(slot))) continue;  // the same type twice
    for (auto const name : names) {
      auto& n = entry.attributes[name];
      n += std::size_t(by);
      if (n == 0) entry.attributes.erase(name);
    }
    if (e.types.size() > 1) entry.mixed += std::size_t(by);
    if (entry.slots.size() == 0) types_.erase(type);
  }
}

void entity_indexes::change_place(std::uint32_t slot, symbol attribute, entity const* after) {
  auto box = geo::box();
  if (after) {
    for (auto const& a : after->attributes) {
      if (a->name == attribute && a->kind == attribute_kind::geo_property && !a->geometry().is_empty()) {
        box.extend(a->geometry().box());
      }
    }
  }
  if (!box.is_empty()) places_[attribute].update(slot, box);
  else if (auto const it = places_.find(attribute); it != places_.end()) it->second.erase(slot);
}

std::vector<std::pair<symbol, std::size_t>> entity_indexes::types() const {
  auto all = std::vector<std::pair<symbol, std::size_t>>();
  for (auto const& [type, entry] : types_) all.emplace_back(type, entry.slots.size());
  return all;
}

std::vector<std::pair<symbol, std::size_t>> entity_indexes::attributes_of(symbol type) const {
  auto const it = types_.find(type);
  if (it == types_.end()) return {};
  return {it->second.attributes.begin(), it->second.attributes.end()};
}

std::size_t entity_indexes::count_of_type(symbol type) const {
  auto const it = types_.find(type);
  return it == types_.end() ? 0 : it->second.slots.size();
}

bool entity_indexes::is_mixed(symbol type) const {
  auto const it = types_.find(type);
  return it != types_.end() && it->second.mixed > 0;
}

geo::rtree const* entity_indexes::find_places(symbol attribute) const {
  auto const it = places_.find(attribute);
  return it == places_.end() ? nullptr : &it->second;
}

entity_indexes::value_entry const* entity_indexes::find_values(indexed_path const& of) const {
  auto const it = std::find_if(values_.begin(), values_.end(), [&](auto const& v) { return v->index->of() == of; });
  return it == values_.end() ? nullptr : it->get();
}

std::unique_ptr<derived_index> entity_indexes::add(std::unique_ptr<value_index> index) {
  auto gone = std::unique_ptr<derived_index>();
  if (values_.size() >= attribute_indexes_max) {
    auto const idle = std::min_element(values_.begin(), values_.end(), [](auto const& a, auto const& b) {
      return a->last_used.load() < b->last_used.load();
    });
    gone = std::move((*idle)->index);
    values_.erase(idle);
  }
  values_.push_back(std::make_unique<value_entry>(std::move(index), ++uses_));
  return gone;
}

// One type of each conjunction, the rarest, is enough to find its entities.
std::vector<symbol> entity_indexes::types_for(std::vector<query::selector> const& selectors, std::size_t& estimate) const {
  auto chosen = std::vector<symbol>();
  for (auto const& s : selectors) {
    for (auto const& together : s.types) {
      chosen.push_back(*std::min_element(together.begin(), together.end(), [&](symbol a, symbol b) {
        return count_of_type(a) < count_of_type(b);
      }));
    }
  }
  make_distinct(chosen);
  estimate = 0;
  for (auto const type : chosen) estimate += count_of_type(type);
  return chosen;
}

// Whether listing so many slots costs less than the looks at entities that it saves.
bool entity_indexes::pays_off(query_plan const& p, std::size_t listed) const {
  if (p.slots) return listed / listed_per_look < p.estimate / 2;
  auto const looks = double(listed) * double(p.estimate) / double(std::max<std::size_t>(living_.size(), 1));
  return double(listed) / listed_per_look + looks < double(p.estimate) * 0.75;
}

std::optional<entity_indexes::source> entity_indexes::find_source_of_values(query_plan& p, query::node const& n) const {
  auto const bounds = value_index::find_bounds(n);
  if (!bounds) return std::nullopt;
  auto const of = indexed_path{n.path.attribute, n.path.trail};
  auto const* const entry = find_values(of);
  if (!entry) {
    p.unindexed.push_back(of);
    return std::nullopt;
  }
  auto s = source();
  for (auto const& b : *bounds) {
    s.count += entry->index->count(b);
    s.values.emplace_back(entry, b);
  }
  s.is_exact = std::all_of(bounds->begin(), bounds->end(), [](auto const& b) { return b.is_exact; });
  return s;
}

std::optional<entity_indexes::source> entity_indexes::find_source_of_places(query_plan const& p, query::node const& n) const {
  if (!n.spatial->box()) return std::nullopt;
  auto s = source();
  if (auto const* const tree = find_places(n.path.attribute)) {
    auto is_too_many = false;
    tree->search(*n.spatial->box(), [&](std::uint32_t slot) {
      s.slots.push_back(slot);
      is_too_many = s.slots.size() > places_found_max || (s.slots.size() % 1024 == 0 && !pays_off(p, s.slots.size()));
      return !is_too_many;
    });
    if (is_too_many) return std::nullopt;
  }
  s.count = s.slots.size();
  return s;
}

// Where everything lies that can satisfy the node; nothing when no index can say.
std::optional<entity_indexes::source> entity_indexes::find_source(query_plan& p, query::node const& n,
                                                                  slot_finder const& find_slot) const {
  if (n.what == query::node::kind::geo) return find_source_of_places(p, n);
  if (n.what == query::node::kind::compare) {
    auto const ids = ids_named(n);
    if (!ids) return find_source_of_values(p, n);
    auto s = source();
    for (auto const& id : *ids) {
      if (auto const slot = find_slot(id)) s.slots.push_back(*slot);
    }
    s.count = s.slots.size();
    return s;
  }
  if (n.what == query::node::kind::all) {
    auto best = std::optional<source>();
    for (auto const& child : n.children) {
      auto s = find_source(p, *child, find_slot);
      if (s && (!best || s->count < best->count)) best = std::move(s);
    }
    if (best) best->is_exact = false;
    return best;
  }
  if (n.what != query::node::kind::any || !can_have_source(n)) return std::nullopt;
  auto all = std::optional(source());
  all->is_exact = true;
  for (auto const& child : n.children) {
    auto s = find_source(p, *child, find_slot);
    if (!s) all.reset();
    if (!all) continue;  // the others say which indexes they miss
    all->count += s->count;
    all->is_exact = all->is_exact && s->is_exact;
    all->slots.insert(all->slots.end(), s->slots.begin(), s->slots.end());
    all->values.insert(all->values.end(), s->values.begin(), s->values.end());
  }
  return all;
}

void entity_indexes::use(query_plan& p, source s) const {
  s.slots.reserve(s.count);
  for (auto const& [values, bounds] : s.values) {
    values->last_used = ++uses_;
    values->index->collect(bounds, s.slots);
  }
  if (!p.slots) {
    keep_types(p, s.slots);
    make_distinct(s.slots);
    p.slots = std::move(s.slots);
  } else {
    auto listed = std::vector<bool>(p.slots->empty() ? 0 : p.slots->back() + 1);
    for (auto const slot : s.slots) {
      if (slot < listed.size()) listed[slot] = true;
    }
    std::erase_if(*p.slots, [&](std::uint32_t slot) { return !listed[slot]; });
  }
  p.estimate = p.slots->size();
}

void entity_indexes::keep_types(query_plan const& p, std::vector<std::uint32_t>& slots) const {
  if (!p.by_type) return;
  auto sets = std::vector<slot_set const*>();
  for (auto const type : p.types) {
    if (auto const it = types_.find(type); it != types_.end()) sets.push_back(&it->second.slots);
  }
  std::erase_if(slots, [&](std::uint32_t slot) {
    return std::none_of(sets.begin(), sets.end(), [&](auto const* set) { return set->contains(slot); });
  });
}

void entity_indexes::add_deleted(query_plan& p) const {
  if (!p.slots || !p.with_deleted) return;
  deleted_.copy_from(0, deleted_.size(), *p.slots);
  make_distinct(*p.slots);
  p.estimate = p.slots->size();
}

// At how many entities one has to look to find all that is wanted, if the conditions have nothing to do with each other.
double entity_indexes::expected_looks(query::query const& q, std::vector<source> const& sources) const {
  auto looks = double(q.offset + q.limit);
  for (auto const& s : sources) looks *= double(living_.size()) / double(std::max<std::size_t>(s.count, 1));
  return looks;
}

query_plan entity_indexes::make_plan(query::query const& q, slot_finder const& find_slot, std::size_t few) const {
  auto p = query_plan();
  p.estimate = living_.size();
  p.with_deleted = q.with_deleted;
  p.by_type = !q.selectors.empty() && std::all_of(q.selectors.begin(), q.selectors.end(), [](auto const& s) {
    return !s.types.empty() && std::none_of(s.types.begin(), s.types.end(), [](auto const& t) { return t.empty(); });
  });
  if (p.by_type) p.types = types_for(q.selectors, p.estimate);
  auto conjuncts = std::vector<query::node const*>();
  if (q.filter) add_conjuncts(*q.filter, conjuncts);
  auto sources = std::vector<source>();
  for (auto const* const n : conjuncts) {
    if (auto s = find_source(p, *n, find_slot)) sources.push_back(std::move(*s));
  }
  std::sort(sources.begin(), sources.end(), [](auto const& a, auto const& b) { return a.count < b.count; });
  auto const is_indexed = sources.size() == conjuncts.size();
  p.is_try = few > 0 && is_indexed && !sources.empty() && p.estimate > few && expected_looks(q, sources) < double(few);
  if (p.is_try) return p;
  auto const is_all_told = !q.through || (q.settled && !is_mixed(q.settled));
  p.is_exact = is_indexed && is_all_told && has_plain_form(q) && std::all_of(sources.begin(), sources.end(), [](auto const& s) { return s.is_exact; });
  for (auto& s : sources) {
    if ((p.is_exact && q.count) || pays_off(p, s.count)) use(p, std::move(s));
    else p.is_exact = false;
  }
  add_deleted(p);
  auto const text = std::find_if(conjuncts.begin(), conjuncts.end(), [](auto const* n) {
    return n->what == query::node::kind::text && !n->words.empty();
  });
  if (text != conjuncts.end()) p.text = *text;
  return p;
}

void entity_indexes::narrow(query_plan& p, slot_set const& found) const {
  auto s = source();
  s.count = found.size();
  found.copy_from(0, found.size(), s.slots);
  if (!pays_off(p, s.count)) return;
  use(p, std::move(s));
  add_deleted(p);
}

void entity_indexes::copy_slots(query_plan const& p, std::uint64_t from, std::size_t n, std::vector<std::uint32_t>& out) const {
  if (p.slots) {
    auto at = std::lower_bound(p.slots->begin(), p.slots->end(), from);
    for (; at != p.slots->end() && n > 0; ++at, --n) out.push_back(*at);
    return;
  }
  auto const first = out.size();
  auto sets = 0;
  auto const add = [&](slot_set const& s) {
    s.copy_from(from, n, out);
    ++sets;
  };
  if (!p.by_type) add(living_);
  for (auto const type : p.types) {
    if (auto const it = types_.find(type); it != types_.end()) add(it->second.slots);
  }
  if (p.with_deleted) add(deleted_);
  if (sets < 2) return;
  auto merged = std::vector<std::uint32_t>(out.begin() + std::ptrdiff_t(first), out.end());
  make_distinct(merged);
  if (merged.size() > n) merged.resize(n);
  out.resize(first);
  out.insert(out.end(), merged.begin(), merged.end());
}

}  // namespace dos
