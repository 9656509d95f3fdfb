#include "kernel/graph/slot_table.h"

#include <algorithm>
#include <functional>
#include <unordered_set>

namespace dos {
namespace {

constexpr std::uint64_t no_entry = ~0ull;

std::uint64_t hash_of(std::string_view id) { return std::hash<std::string_view>()(id); }
std::uint64_t make_entry(std::uint64_t hash, std::uint32_t slot) { return (hash & 0xffff'ffff'0000'0000) | slot; }
std::uint32_t slot_of(std::uint64_t entry) { return std::uint32_t(entry); }
// The lowest bits choose the shard.
std::size_t home_of(std::uint64_t entry, std::size_t size) { return std::size_t(entry >> 32) & (size - 1); }

series_ref told_by(attribute const& a) { return {a.series, a.name, a.dataset, a.kind}; }

// The place of the attribute that tells this series; `likely` is looked at first.
std::optional<std::size_t> place_of(entity const& e, std::uint64_t series, std::size_t likely = 0) {
  if (likely < e.attributes.size() && e.attributes[likely]->series == series) return likely;
  auto const it = std::find_if(e.attributes.begin(), e.attributes.end(), [&](auto const& a) { return a->series == series; });
  return it == e.attributes.end() ? std::nullopt : std::optional(std::size_t(it - e.attributes.begin()));
}

bool tells(entity const& e, std::uint64_t series, std::size_t likely = 0) { return place_of(e, series, likely).has_value(); }

// Which series the attributes of an entity tell, for who asks for many.
class told_series {
 public:
  explicit told_series(entity const& e) : e_(e) {}
  bool contains(std::uint64_t series, std::size_t likely) {
    if (e_.attributes.size() <= few) return tells(e_, series, likely);
    if (likely < e_.attributes.size() && e_.attributes[likely]->series == series) return true;
    if (all_.empty()) {
      for (auto const& a : e_.attributes) all_.insert(a->series);
    }
    return all_.contains(series);
  }

 private:
  static constexpr std::size_t few = 24;
  entity const& e_;
  std::unordered_set<std::uint64_t> all_;
};

bool holds(std::vector<std::uint64_t> const& list, std::uint64_t series) {
  return std::find(list.begin(), list.end(), series) != list.end();
}

// What is to be noted once `now` stands where `old` stood.
void carry_over(std::unique_ptr<slot_table::series_notes>& notes, entity const& old, entity const& now) {
  auto told = told_series(now);
  for (auto i = std::size_t(0); i < old.attributes.size(); ++i) {
    auto const& a = old.attributes[i];
    if (!a->series || told.contains(a->series, i) || (notes && holds(notes->removed, a->series))) continue;
    if (!notes) notes = std::make_unique<slot_table::series_notes>();
    notes->gone.push_back(told_by(*a));
  }
  if (!notes) return;
  std::erase_if(notes->gone, [&](series_ref const& s) { return told.contains(s.series, 0); });
  std::erase_if(notes->removed, [&](std::uint64_t s) { return !told.contains(s, 0); });
  if (notes->gone.empty() && notes->removed.empty()) notes.reset();
}

}  // namespace

slot_table::slot_table() : pages_(pages_max) {}

std::optional<std::size_t> slot_table::find_entry(shard const& s, std::uint64_t hash, std::string_view id) const {
  if (s.entries.empty()) return std::nullopt;
  auto const mask = s.entries.size() - 1;
  for (auto i = home_of(hash, s.entries.size());; i = (i + 1) & mask) {
    auto const entry = s.entries[i];
    if (entry == no_entry) return std::nullopt;
    if ((entry ^ hash) >> 32 == 0 && at(slot_of(entry)).entity->id == id) return i;
  }
}

void slot_table::add_entry(shard& s, std::uint64_t hash, std::uint32_t slot) {
  auto const place = [](std::vector<std::uint64_t>& into, std::uint64_t entry) {
    auto i = home_of(entry, into.size());
    while (into[i] != no_entry) i = (i + 1) & (into.size() - 1);
    into[i] = entry;
  };
  if (s.count * 4 >= s.entries.size() * 3) {
    auto larger = std::vector<std::uint64_t>(std::max<std::size_t>(16, s.entries.size() * 2), no_entry);
    for (auto const entry : s.entries) {
      if (entry != no_entry) place(larger, entry);
    }
    s.entries = std::move(larger);
  }
  place(s.entries, make_entry(hash, slot));
  ++s.count;
}

void slot_table::remove_entry(shard& s, std::size_t hole) {
  auto const mask = s.entries.size() - 1;
  // Entries behind the hole move up, unless that would put them before their home.
  for (auto i = (hole + 1) & mask; s.entries[i] != no_entry; i = (i + 1) & mask) {
    auto const home = home_of(s.entries[i], s.entries.size());
    if (((i - home) & mask) < ((i - hole) & mask)) continue;
    s.entries[hole] = s.entries[i];
    hole = i;
  }
  s.entries[hole] = no_entry;
  --s.count;
}

// The writer needs no lock to read what only it changes. Each round asks for what the round before has found.
void slot_table::fetch_ahead(std::span<std::string_view const> ids) const {
  constexpr auto at_once = std::size_t(64);
  auto hashes = std::array<std::uint64_t, at_once>();
  auto found = std::array<slot const*, at_once>();
  for (; !ids.empty(); ids = ids.subspan(std::min(at_once, ids.size()))) {
    auto const n = std::min(at_once, ids.size());
    for (auto i = std::size_t(0); i < n; ++i) {
      hashes[i] = hash_of(ids[i]);
      auto const& s = shard_of(hashes[i]);
      if (!s.entries.empty()) __builtin_prefetch(&s.entries[home_of(hashes[i], s.entries.size())]);
    }
    for (auto i = std::size_t(0); i < n; ++i) {
      found[i] = nullptr;
      auto const& entries = shard_of(hashes[i]).entries;
      if (entries.empty()) continue;
      auto const mask = entries.size() - 1;
      for (auto p = home_of(hashes[i], entries.size()); entries[p] != no_entry; p = (p + 1) & mask) {
        if ((entries[p] ^ hashes[i]) >> 32 != 0) continue;
        found[i] = &at(slot_of(entries[p]));
        __builtin_prefetch(found[i]);
        break;
      }
    }
    auto const each = [&](auto const& fetch) {
      for (auto i = std::size_t(0); i < n; ++i) {
        if (found[i] && found[i]->entity) fetch(*found[i]->entity);
      }
    };
    each([](entity const& e) { fetch(e); });
    each([](entity const& e) { fetch_lists(e); });
    each([](entity const& e) { fetch_attributes(e); });
  }
}

std::optional<std::uint32_t> slot_table::find_slot(std::string_view id) const {
  auto const hash = hash_of(id);
  auto const& s = shard_of(hash);
  auto const lock = std::shared_lock(s.mutex);
  auto const entry = find_entry(s, hash, id);
  if (!entry) return std::nullopt;
  return slot_of(s.entries[*entry]);
}

entity_ptr slot_table::find(std::string_view id) const {
  auto const hash = hash_of(id);
  auto const& s = shard_of(hash);
  auto const lock = std::shared_lock(s.mutex);
  auto const* const here = find_locked(s, hash, id);
  return here ? here->entity : entity_ptr();
}

slot_table::slot const* slot_table::find_locked(shard const& s, std::uint64_t hash, std::string_view id) const {
  auto const entry = find_entry(s, hash, id);
  return entry ? &at(slot_of(s.entries[*entry])) : nullptr;
}

std::vector<series_ref> slot_table::series_of(std::string_view id) const {
  auto const hash = hash_of(id);
  auto const& s = shard_of(hash);
  auto const lock = std::shared_lock(s.mutex);
  auto all = std::vector<series_ref>();
  auto const* const here = find_locked(s, hash, id);
  if (!here) return all;
  all.reserve(here->entity->attributes.size() + (here->series ? here->series->gone.size() : 0));
  for (auto const& a : here->entity->attributes) {
    if (here->has(*a)) all.push_back(told_by(*a));
  }
  if (here->series) all.insert(all.end(), here->series->gone.begin(), here->series->gone.end());
  return all;
}

std::optional<series_ref> slot_table::find_series(std::string_view id, std::uint64_t series) const {
  auto const hash = hash_of(id);
  auto const& s = shard_of(hash);
  auto const lock = std::shared_lock(s.mutex);
  auto const* const here = find_locked(s, hash, id);
  if (!here) return std::nullopt;
  for (auto const& a : here->entity->attributes) {
    if (a->series == series && here->has(*a)) return told_by(*a);
  }
  if (!here->series) return std::nullopt;
  auto const& gone = here->series->gone;
  auto const found = std::find_if(gone.begin(), gone.end(), [&](series_ref const& g) { return g.series == series; });
  return found == gone.end() ? std::nullopt : std::optional(*found);
}

std::uint32_t slot_table::take_slot() {
  if (idle_.size() - idle_at_ > idle_slots_max) {
    auto const slot = idle_[idle_at_++];
    if (idle_at_ > idle_slots_max) {
      idle_.erase(idle_.begin(), idle_.begin() + std::ptrdiff_t(idle_at_));
      idle_at_ = 0;
    }
    return slot;
  }
  DOS_CHECK(next_ < page_size * pages_max);
  if (next_ % page_size == 0) pages_[next_ / page_size] = std::make_unique<page>();
  return next_++;
}

std::uint32_t slot_table::set(std::optional<std::uint32_t> slot, entity_ptr e) {
  auto const hash = hash_of(e->id);
  auto& s = shard_of(hash);
  auto const here = slot ? *slot : take_slot();
  for (auto const& a : e->attributes) {
    if (a->series) owners_.set(a->series, here);
  }
  if (slot) {
    auto& mine = at(*slot);
    auto const lock = std::unique_lock(s.mutex);
    carry_over(mine.series, *mine.entity, *e);
    std::swap(mine.entity, e);
    return *slot;
  }
  auto const lock = std::unique_lock(s.mutex);
  at(here).entity = std::move(e);
  add_entry(s, hash, here);
  return here;
}

void slot_table::erase(std::uint32_t slot) {
  auto& mine = at(slot);
  auto const hash = hash_of(mine.entity->id);
  auto& s = shard_of(hash);
  auto const lock = std::unique_lock(s.mutex);
  remove_entry(s, *find_entry(s, hash, mine.entity->id));
  mine = {};
  idle_.push_back(slot);
}

void slot_table::add_series(std::string_view id, series_ref ref) {
  auto const hash = hash_of(id);
  auto& s = shard_of(hash);
  auto const lock = std::unique_lock(s.mutex);
  auto const entry = find_entry(s, hash, id);
  if (!entry) return;
  auto& slot = at(slot_of(s.entries[*entry]));
  owners_.set(ref.series, slot_of(s.entries[*entry]));
  if (slot.series) std::erase(slot.series->removed, ref.series);
  // Many of one entity come in the order of its attributes.
  if (auto const place = place_of(*slot.entity, ref.series, likely_)) {
    likely_ = *place + 1;
    return;
  }
  if (!slot.series) slot.series = std::make_unique<series_notes>();
  auto& gone = slot.series->gone;
  if (std::none_of(gone.begin(), gone.end(), [&](auto const& g) { return g.series == ref.series; })) gone.push_back(ref);
}

void slot_table::remove_series(std::string_view id, std::uint64_t series) {
  auto const hash = hash_of(id);
  auto& s = shard_of(hash);
  auto const lock = std::unique_lock(s.mutex);
  auto const entry = find_entry(s, hash, id);
  if (!entry) return;
  auto& slot = at(slot_of(s.entries[*entry]));
  if (slot.series) std::erase_if(slot.series->gone, [&](auto const& g) { return g.series == series; });
  if (!tells(*slot.entity, series)) return;
  if (!slot.series) slot.series = std::make_unique<series_notes>();
  if (!holds(slot.series->removed, series)) slot.series->removed.push_back(series);
}

}  // namespace dos
