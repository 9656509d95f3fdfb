#include "kernel/graph/entity_store.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "base/fair_shared_mutex.h"
#include "base/work_budget.h"
#include "geo/predicate.h"
#include "kernel/graph/entity_indexes.h"
#include "kernel/graph/ranking.h"
#include "kernel/graph/slot_table.h"

namespace dos {
namespace {

constexpr std::size_t slice_max = 1024;         // entities taken from the store at once
constexpr std::size_t few_candidates = 2000;    // looked at one by one without a thought of an index
constexpr std::size_t words_tried_max = 3;      // of a text search
constexpr std::size_t terms_at_once = 4096;     // words searched without giving up the lock
constexpr std::size_t journal_under_lock = 64;  // changes that a new index may catch up with while the writer waits
constexpr std::size_t demands_max = 4096;

using visitor = std::function<bool(entity_ptr const&)>;

struct change_record {
  std::uint32_t slot;
  entity_ptr before;
  entity_ptr after;
};

// Shapes are read here, before anybody is kept waiting.
void read_shapes(entity const& e) {
  for (auto const& a : e.attributes) {
    if (a->kind == attribute_kind::geo_property) a->geometry();
  }
}

// A look at an entity is waiting for memory most of the time: what comes next is asked for while this one is looked at.
void fetch_next(std::vector<entity_ptr> const& slice, std::size_t i) {
  auto const at = [&](std::size_t ahead) -> entity const& { return *slice[std::min(i + ahead, slice.size() - 1)]; };
  fetch(at(12));
  fetch_lists(at(8));
  fetch_attributes(at(4));
}

bool names_ids(query::query const& q) {
  return !q.selectors.empty() &&
         std::all_of(q.selectors.begin(), q.selectors.end(), [](auto const& s) { return !s.ids.empty(); });
}

bool can_rank_by_place(query::query const& q) {
  auto const& first = q.order[0];
  return first.near && !first.descending && first.near->shape() == geo::shape::point && !q.count && !q.with_deleted;
}

std::vector<std::pair<symbol, std::size_t>> by_name(std::vector<std::pair<symbol, std::size_t>> counts) {
  std::sort(counts.begin(), counts.end(),
            [](auto const& a, auto const& b) { return a.first.text() < b.first.text(); });
  return counts;
}

}  // namespace

struct entity_store::state {
  slot_table slots;
  entity_indexes indexes;
  mutable fair_shared_mutex mutex;  // of the indexes, and of which entity a slot holds

  // An index is built by the query that wants it, beside the writer, who keeps a journal for it meanwhile.
  std::mutex building;
  bool journal_open = false;  // these two under `mutex`
  std::vector<change_record> journal;

  struct demand {
    unsigned count = 0;
    unsigned needed = 2;  // rises with each build: an index that is often dropped again is not worth it
  };
  std::mutex demand_mutex;
  std::unordered_map<std::string, demand> demands;

  void replace(std::optional<std::uint32_t> slot, entity_ptr before, entity_ptr after);
  query_plan plan(query::query const& q, std::size_t few = 0);
  bool is_wanted(indexed_path const& of);
  void build_values(indexed_path const& of);
  void build_words();
  template <typename Index, typename Install>
  void build(std::unique_ptr<Index> index, Install const& install);
  void search_words(query_plan& p);
  bool narrow_to_word(query_plan& p, std::string_view part);

  struct span {
    std::uint64_t from = 0;            // slot
    std::uint64_t skip = 0;            // entities
    std::size_t looks_max = SIZE_MAX;
  };
  std::optional<std::uint64_t> scan(query_plan const& p, span s, visitor const& visit) const;
  query_plan plan_ids(query::query const& q) const;
  std::vector<entity_ptr> nearest(query::query const& q, geo::position from, visitor const& may_match) const;
};

void entity_store::state::replace(std::optional<std::uint32_t> slot, entity_ptr before, entity_ptr after) {
  auto const lock = std::unique_lock(mutex);
  auto const here = after ? slots.set(slot, after) : *slot;
  indexes.change(here, before.get(), after.get());
  if (!after) slots.erase(here);
  if (journal_open) journal.push_back({here, std::move(before), std::move(after)});
}

// Visits entities in slices, each taken under the lock and visited without it. Returns the slot to go on from; nothing when
// `visit` has had enough or there are no more.
std::optional<std::uint64_t> entity_store::state::scan(query_plan const& p, span s, visitor const& visit) const {
  auto taken = std::vector<std::uint32_t>();
  auto slice = std::vector<entity_ptr>();
  for (auto n = std::size_t(64); s.looks_max > 0; n = std::min(n * 4, slice_max)) {
    taken.clear();
    slice.clear();
    {
      auto const lock = std::shared_lock(mutex);
      indexes.copy_slots(p, s.from, std::min(n, s.looks_max), taken);
      for (auto i = std::size_t(0); i < taken.size(); ++i) {
        __builtin_prefetch(slots.entity_at(taken[std::min(i + 8, taken.size() - 1)]).get());  // its counter is next
        if (s.skip > 0) {
          --s.skip;
        } else if (auto const& e = slots.entity_at(taken[i])) {
          slice.push_back(e);
        }
      }
    }
    if (taken.empty()) return std::nullopt;
    s.from = std::uint64_t(taken.back()) + 1;
    s.looks_max -= taken.size();
    for (auto i = std::size_t(0); i < slice.size(); ++i) {
      fetch_next(slice, i);
      spend();
      if (!visit(slice[i])) return std::nullopt;
    }
  }
  return s.from;
}

query_plan entity_store::state::plan_ids(query::query const& q) const {
  auto p = query_plan();
  p.slots.emplace();
  for (auto const& s : q.selectors) {
    for (auto const& id : s.ids) {
      if (auto const slot = slots.find_slot(id)) p.slots->push_back(*slot);
    }
  }
  std::sort(p.slots->begin(), p.slots->end());
  p.slots->erase(std::unique(p.slots->begin(), p.slots->end()), p.slots->end());
  return p;
}

query_plan entity_store::state::plan(query::query const& q, std::size_t few) {
  if (names_ids(q)) return plan_ids(q);
  auto const make = [&] {
    auto const lock = std::shared_lock(mutex);
    return indexes.make_plan(q, [&](std::string_view id) { return slots.find_slot(id); }, few);
  };
  auto p = make();
  if (p.estimate <= few_candidates || p.is_try) return p;
  auto again = false;
  for (auto const& of : p.unindexed) {
    if (!is_wanted(of)) continue;
    build_values(of);
    again = true;
  }
  if (again) p = make();
  if (p.text && p.estimate > few_candidates) search_words(p);
  return p;
}

bool entity_store::state::is_wanted(indexed_path const& of) {
  auto key = std::string(of.attribute.text());
  for (auto const& member : of.trail) key += '\n' + member;
  auto const lock = std::lock_guard(demand_mutex);
  if (demands.size() >= demands_max) demands.clear();
  auto& d = demands[key];
  if (++d.count < d.needed) return false;
  d = {0, std::min(d.needed * 4, 1u << 20)};
  return true;
}

void entity_store::state::build_values(indexed_path const& of) {
  auto dropped = std::unique_ptr<derived_index>();
  build(std::make_unique<value_index>(of), [&](std::unique_ptr<value_index> ready) {
    if (!indexes.has_values_of(of)) dropped = indexes.add(std::move(ready));
  });
}

void entity_store::state::build_words() {
  build(std::make_unique<word_index>(), [&](std::unique_ptr<word_index> ready) {
    if (!indexes.words()) indexes.add(std::move(ready));
  });
}

template <typename Index, typename Install>
void entity_store::state::build(std::unique_ptr<Index> index, Install const& install) {
  auto const mine = std::unique_lock(building, std::try_to_lock);
  if (!mine) return;  // another query builds; this one looks at every entity
  auto const set_journal = [&](bool open) {
    auto const lock = std::unique_lock(mutex);
    journal_open = open;
    return std::exchange(journal, {});
  };
  struct closing {
    decltype(set_journal) const& set;
    ~closing() { set(false); }
  };
  set_journal(true);
  auto const close = closing{set_journal};

  auto slots_taken = std::vector<std::uint32_t>();
  auto slice = std::vector<entity_ptr>();
  for (auto next = std::uint64_t(0);; next = std::uint64_t(slots_taken.back()) + 1) {
    slots_taken.clear();
    slice.clear();
    {
      auto const lock = std::shared_lock(mutex);
      indexes.copy_slots({}, next, slice_max, slots_taken);
      for (auto const s : slots_taken) slice.push_back(slots.entity_at(s));
    }
    if (slots_taken.empty()) break;
    for (auto i = std::size_t(0); i < slice.size(); ++i) index->insert(slots_taken[i], *slice[i]);
  }
  auto const catch_up = [&](std::vector<change_record> const& changes) {
    for (auto const& c : changes) {
      if (c.before && c.before->deleted_at == no_time) index->erase(c.slot, *c.before);
      if (c.after && c.after->deleted_at == no_time) index->insert(c.slot, *c.after);
    }
  };
  auto rest = set_journal(true);
  for (; rest.size() > journal_under_lock; rest = set_journal(true)) catch_up(rest);
  catch_up(rest);
  auto const lock = std::unique_lock(mutex);
  catch_up(journal);
  install(std::move(index));
}

void entity_store::state::search_words(query_plan& p) {
  auto const has_words = [&] {
    auto const lock = std::shared_lock(mutex);
    return indexes.words() != nullptr;
  };
  if (!has_words()) build_words();
  // The longest word is mostly in the fewest entities; one that is in most of them is no help, another may be.
  auto parts = std::vector<std::string_view>(p.text->words.begin(), p.text->words.end());
  std::sort(parts.begin(), parts.end(), [](auto a, auto b) { return a.size() > b.size(); });
  for (auto i = std::size_t(0); i < std::min(parts.size(), words_tried_max) && p.estimate > few_candidates; ++i) {
    if (!narrow_to_word(p, parts[i])) return;
  }
}

// False when there is no index of words any more.
bool entity_store::state::narrow_to_word(query_plan& p, std::string_view part) {
  auto found = slot_set();
  for (auto from = std::size_t(0); found.size() < p.estimate; from += terms_at_once) {
    auto const lock = std::shared_lock(mutex);
    auto const* const words = indexes.words();
    if (!words) return false;
    if (from >= words->term_count()) {
      indexes.narrow(p, found);
      return true;
    }
    words->collect(part, from, from + terms_at_once, p.estimate, found);
  }
  return true;
}

// The nearest entities, from near to far, in growing rounds until nothing farther away can come in.
std::vector<entity_ptr> entity_store::state::nearest(query::query const& q, geo::position from,
                                                     visitor const& may_match) const {
  // Distances in the tree lie on a plane; this allows for what that is wrong by.
  constexpr auto certain = 0.98;
  constexpr auto plane_holds_m = 100'000.0;
  auto const wanted = q.offset + q.limit;
  for (auto n = wanted * 2 + 64;; n *= 8) {
    auto candidates = std::vector<entity_ptr>();
    auto reached_m = 0.0;
    {
      auto const lock = std::shared_lock(mutex);
      auto const* const places = indexes.find_places(q.order[0].path.attribute);
      if (!places || n * 4 > places->size()) break;
      places->nearest(from, [&](std::uint32_t slot, double about_m) {
        candidates.push_back(slots.entity_at(slot));
        reached_m = about_m;
        return candidates.size() < n;
      });
    }
    auto ranked = query::ranking(q.order, wanted);
    for (auto& e : candidates) {
      if (may_match(e)) ranked.add(std::move(e));
    }
    if (reached_m > plane_holds_m) break;
    if (ranked.farthest_m() < reached_m * certain) return ranked.take(q.offset);
  }
  return {};
}

entity_store::entity_store() : state_(std::make_unique<state>()) {}
entity_store::~entity_store() = default;

void entity_store::put(entity_ptr e) {
  read_shapes(*e);
  auto const slot = state_->slots.find_slot(e->id);
  auto before = slot ? state_->slots.entity_at(*slot) : entity_ptr();
  state_->replace(slot, before, std::move(e));
  // `before` goes only now, when nobody waits.
}

void entity_store::forget(std::string_view id) {
  auto const slot = state_->slots.find_slot(id);
  if (!slot) return;
  auto before = state_->slots.entity_at(*slot);
  state_->replace(slot, before, {});
}

void entity_store::add_series(std::string_view id, series_ref s) { state_->slots.add_series(id, s); }

void entity_store::remove_series(std::string_view id, std::uint64_t series) { state_->slots.remove_series(id, series); }

void entity_store::fetch_ahead(std::span<std::string_view const> ids) const { state_->slots.fetch_ahead(ids); }

entity_ptr entity_store::find(std::string_view id) const { return state_->slots.find(id); }

std::vector<series_ref> entity_store::series_of(std::string_view id) const { return state_->slots.series_of(id); }

std::uint64_t entity_store::series_end() const { return state_->slots.owners().end(); }

entity_ptr entity_store::likely_owner(std::uint64_t number) const {
  auto const slot = state_->slots.owners().find(number);
  if (!slot) return {};
  auto const lock = std::shared_lock(state_->mutex);
  return state_->slots.entity_at(*slot);
}

std::optional<entity_store::owned_series> entity_store::find_series(std::uint64_t number) const {
  auto const slot = state_->slots.owners().find(number);
  if (!slot) return std::nullopt;
  auto owner = owned_series();
  {
    auto const lock = std::shared_lock(state_->mutex);
    owner.entity = state_->slots.entity_at(*slot);
  }
  if (!owner.entity) return std::nullopt;
  auto const series = state_->slots.find_series(owner.entity->id, number);
  if (!series) return std::nullopt;
  owner.series = *series;
  return owner;
}

entity_store::page entity_store::find(query::query const& q) const {
  auto result = page();
  auto const end = q.offset + q.limit;
  auto total = std::size_t(0);
  auto const is_match = [&](entity_ptr const& e) { return matches(q, *e); };

  if (!q.order.empty()) {
    auto const p = state_->plan(q);
    if (can_rank_by_place(q) && p.estimate > few_candidates) {
      result.entities = state_->nearest(q, q.order[0].near->first(), is_match);
      if (!result.entities.empty()) return result;
    }
    auto ranked = query::ranking(q.order, end);
    state_->scan(p, {}, [&](entity_ptr const& e) {
      if (!is_match(e)) return true;
      ++total;
      ranked.add(e);
      return true;
    });
    result.entities = ranked.take(q.offset);
  } else if (q.limit > 0 || q.count) {
    auto const p = state_->plan(q, q.count ? 0 : few_candidates);
    if (p.is_exact) {
      total = p.estimate;
      if (q.limit > 0) {
        state_->scan(p, {.skip = q.offset}, [&](entity_ptr const& e) {
          if (is_match(e)) result.entities.push_back(e);  // it may have changed since it was listed
          return result.entities.size() < q.limit;
        });
      }
    } else {
      auto const take = [&](entity_ptr const& e) {
        if (!is_match(e)) return true;
        if (total >= q.offset && total < end) result.entities.push_back(e);
        ++total;
        return total < end || q.count;
      };
      auto const next = state_->scan(p, {.looks_max = p.is_try ? few_candidates : SIZE_MAX}, take);
      if (next) state_->scan(state_->plan(q), {.from = *next}, take);
    }
  }
  if (q.count) result.total = total;
  return result;
}

void entity_store::for_each(query::query const& q, std::function<bool(entity_ptr const&)> const& visit) const {
  state_->scan(state_->plan(q), {}, [&](entity_ptr const& e) { return !matches(q, *e) || visit(e); });
}

std::size_t entity_store::size() const {
  auto const lock = std::shared_lock(state_->mutex);
  return state_->indexes.size();
}

std::vector<std::pair<symbol, std::size_t>> entity_store::types() const {
  auto const lock = std::shared_lock(state_->mutex);
  return by_name(state_->indexes.types());
}

bool entity_store::is_mixed(symbol type) const {
  auto const lock = std::shared_lock(state_->mutex);
  return state_->indexes.is_mixed(type);
}

std::vector<std::pair<symbol, std::size_t>> entity_store::attributes_of(symbol type) const {
  auto const lock = std::shared_lock(state_->mutex);
  return by_name(state_->indexes.attributes_of(type));
}

}  // namespace dos
