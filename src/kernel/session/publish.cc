#include "kernel/session/publish.h"

#include <algorithm>
#include <mutex>

#include "kernel/session/instance.h"

namespace dos {
namespace {

// So many entities or series are asked for at once, before they are changed one by one.
constexpr std::size_t fetched_ahead = 64;

void publish_entities(entity_images const& after, entity_store& entities) {
  auto ids = std::vector<std::string_view>();
  for (auto next = after.begin(); next != after.end();) {
    auto const end = next + std::min(std::ptrdiff_t(fetched_ahead), after.end() - next);
    ids.clear();
    std::transform(next, end, std::back_inserter(ids), [](auto const& e) { return std::string_view(e.id()); });
    entities.fetch_ahead(ids);
    for (; next != end; ++next) {
      if (next->forgotten)
        entities.forget(next->id());
      else
        entities.put(next->held);
    }
  }
}

void add_series_of(effect::any const& any, std::vector<series_id>& out) {
  if (auto const* const e = std::get_if<effect::entity_changed>(&any)) {
    if (!e->first_number) return;
    for (auto const& a : e->set) {
      if (a->series) out.push_back(a->series);
    }
  } else if (auto const* const o = std::get_if<effect::observed>(&any)) {
    out.push_back(o->series);
  }
}

void publish_history(std::uint64_t position, timestamp at, effect::entity_changed const& e, history& h) {
  if (!e.first_number) return;
  auto number = e.first_number;
  for (auto const& a : e.set) {
    auto const n = number++;
    if (a->series) h.add(position, a->series, to_observation(*a, n));
  }
  for (auto const& r : e.removed) {
    auto const n = number++;
    if (r.series) h.add(position, r.series, to_deletion(at, n));
  }
}

// Entities themselves are published before, see there.
void publish_effect(std::uint64_t position, timestamp at, effect::any const& any, published_state const& into) {
  auto& [entities, records, open, h] = into;
  if (auto const* const e = std::get_if<effect::entity_changed>(&any)) {
    publish_history(position, at, *e, h);
  } else if (auto const* const s = std::get_if<effect::series_started>(&any)) {
    if (entities.find(s->entity)) entities.add_series(s->entity, s->series);
  } else if (auto const* const x = std::get_if<effect::series_removed>(&any)) {
    h.remove_series(position, x->series);
    if (entities.find(x->entity)) entities.remove_series(x->entity, x->series);
  } else if (auto const* const o = std::get_if<effect::observed>(&any)) {
    h.add(position, o->series, o->observation);
  } else if (auto const* const m = std::get_if<effect::observed_many>(&any)) {
    for (auto const& one : m->observations) h.add(position, m->series, one);
  } else if (auto const* const c = std::get_if<effect::observation_changed>(&any)) {
    h.change(position, c->series, c->observation);
  } else if (auto const* const d = std::get_if<effect::observation_removed>(&any)) {
    h.remove(position, d->series, d->number);
  } else if (auto const* const r = std::get_if<effect::record_written>(&any)) {
    records.put(r->collection, r->key, r->record);
    if (r->collection == open_types_collection) open.note(r->key, r->record);
  }
}

void publish_effects(std::uint64_t position, write_effects const& w, published_state const& into) {
  auto const& all = w.effects;
  auto series = std::vector<series_id>();
  for (auto i = std::size_t(0); i < all.size(); ++i) {
    if (all.size() >= fetched_ahead && i % fetched_ahead == 0) {
      series.clear();
      for (auto n = i; n < std::min(i + fetched_ahead, all.size()); ++n) add_series_of(all[n], series);
      into.history.fetch_ahead(series);
    }
    publish_effect(position, w.at, all[i], into);
  }
}

}  // namespace

void open_types::note(std::string_view key, record_ptr const& r) {
  auto const lock = std::unique_lock(mutex_);
  if (r)
    types_.insert(symbol(r->text_or("type", key)));
  else
    types_.erase(symbol(key));
}

bool open_types::contains(symbol type) const {
  auto const lock = std::shared_lock(mutex_);
  return types_.contains(type);
}

void publish(committed_batch const& b, published_state const& into) {
  publish_entities(b.after, into.entities);
  for (auto const& w : b.writes) publish_effects(b.position, w.effects, into);
}

}  // namespace dos
