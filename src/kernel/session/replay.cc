#include "kernel/session/replay.h"

#include <algorithm>

namespace dos {
namespace {

entity_change change_of(effect::entity_changed const& e, entity_ptr const& before, entity_ptr image, timestamp written,
                        std::uint64_t position) {
  auto const lived = before && before->deleted_at == no_time;
  auto change = entity_change{position, written, lived ? before : entity_ptr(), std::move(image), {}};
  for (auto const& a : e.set) {
    auto const old = before && before->find(a->name, a->dataset);
    change.attributes.push_back({a->name, a->dataset, old ? attribute_updated : attribute_created});
  }
  for (auto const& r : e.removed) change.attributes.push_back({r.name, r.dataset, attribute_deleted});
  return change;
}

void count_on(effect::any const& any, counters& numbers) {
  auto const observed_to = [&](std::uint64_t end) {
    numbers.next_observation = std::max(numbers.next_observation, end);
  };
  if (auto const* const e = std::get_if<effect::entity_changed>(&any)) {
    if (e->first_number) observed_to(e->first_number + e->set.size() + e->removed.size());
  } else if (auto const* const s = std::get_if<effect::series_started>(&any)) {
    numbers.next_series = std::max(numbers.next_series, s->series.series + 1);
  } else if (auto const* const o = std::get_if<effect::observed>(&any)) {
    observed_to(o->observation.number + 1);
  } else if (auto const* const m = std::get_if<effect::observed_many>(&any)) {
    if (!m->observations.empty()) observed_to(m->observations.back().number + 1);
  }
}

committed_write replay_write(write_effects w, std::uint64_t position, entity_store const& entities,
                             entity_images& after, counters& numbers) {
  auto result = committed_write();
  for (auto const& any : w.effects) {
    count_on(any, numbers);
    if (auto const* const e = std::get_if<effect::entity_changed>(&any)) {
      auto const* const known = after.find(e->id);
      auto const before = known ? known->image() : entities.find(e->id);
      auto image = apply(before ? entity(*before) : entity(), *e, w.at, position);
      auto change = change_of(*e, before, image, w.at, position);
      if (change.before || image->deleted_at == no_time) result.changes.push_back(std::move(change));
      after.set(std::move(image));
    } else if (auto const* const f = std::get_if<effect::entity_forgotten>(&any)) {
      after.forget(f->id);
    }
  }
  numbers.last_write = std::max(numbers.last_write, w.at);
  result.effects = std::move(w);
  return result;
}

entity_ptr as_it_was(entity const& today, effect::entity_changed const& e) {
  auto then = today;
  for (auto const& a : e.set) then.set(a);
  for (auto const& r : e.removed) then.remove(r.name, r.dataset);
  then.deleted_at = e.head ? e.deleted_at : no_time;
  return make_ref<entity>(std::move(then));
}

entity_ptr alive(entity const& e) {
  auto then = e;
  then.deleted_at = no_time;
  return make_ref<entity>(std::move(then));
}

}  // namespace

committed_batch replay(store::log_batch const& b, shared_names& names, entity_store const& entities,
                       counters& numbers) {
  auto committed = committed_batch();
  auto decoded = batch();
  {
    auto const lock = std::lock_guard(names.mutex);
    decoded = decode_batch(b.bytes, names.table);
    committed.names = names.table.size();
  }
  committed.position = b.at;
  committed.bytes = b.bytes.size();
  for (auto& w : decoded) {
    committed.writes.push_back(replay_write(std::move(w), b.at, entities, committed.after, numbers));
  }
  numbers.last_write = std::max(numbers.last_write, b.time);
  return committed;
}

void add_changes(store::log_batch const& b, shared_names& names, entity_store const& entities,
                 std::vector<entity_change>& out) {
  auto decoded = batch();
  {
    auto const lock = std::lock_guard(names.mutex);
    decoded = decode_batch(b.bytes, names.table);
  }
  for (auto const& w : decoded) {
    for (auto const& any : w.effects) {
      auto const* const e = std::get_if<effect::entity_changed>(&any);
      auto const today = e ? entities.find(e->id) : entity_ptr();
      if (!today) continue;
      auto const image = as_it_was(*today, *e);
      auto const ended = image->deleted_at != no_time;
      auto change = entity_change{b.at, w.at, e->created ? entity_ptr() : ended ? alive(*today) : today, image, {}};
      for (auto const& a : e->set) change.attributes.push_back({a->name, a->dataset, attribute_updated});
      for (auto const& r : e->removed) change.attributes.push_back({r.name, r.dataset, attribute_deleted});
      out.push_back(std::move(change));
    }
  }
}

}  // namespace dos
