#include "kernel/city/granted_write.h"

#include <algorithm>

namespace dos {
namespace {

bool is_alive(entity_ptr const& e) { return e && e->deleted_at == no_time; }

void refuse(std::optional<fault> const& f) {
  if (f) throw *f;
}

// What is put, with what is hidden of it, in the order in which it stands.
entity with_hidden(entity put, entity const& whole, entity const& seen) {
  auto attributes = std::vector<attribute_ptr>();
  attributes.reserve(whole.attributes.size() + put.attributes.size());
  for (auto const& a : whole.attributes) {
    if (auto const mine = put.find(a->name, a->dataset)) attributes.push_back(mine);
    else if (!seen.find(a->name, a->dataset)) attributes.push_back(a);
  }
  for (auto& a : put.attributes) {
    if (!whole.find(a->name, a->dataset)) attributes.push_back(std::move(a));
  }
  put.attributes = std::move(attributes);
  return put;
}

}  // namespace

entity_ptr granted_write::get_seen(std::string_view id) const {
  auto e = of_.find(id);
  if (!e || !rules_.view.reads(*e)) throw fault(fault_kind::not_found, "there is no entity " + std::string(id), "id");
  return e;
}

entity_ptr granted_write::get(std::string_view id) const {
  get_seen(id);
  return rules_.view.masked(of_.get(id));
}

std::vector<series_ref> granted_write::series_of(std::string_view id) const {
  auto const e = of_.find(id);
  if (!e || !rules_.view.reads(*e)) return {};
  auto all = of_.series_of(id);
  std::erase_if(all, [&](series_ref const& s) { return !rules_.view.shows_history(*e, s.attribute); });
  return all;
}

std::uint64_t granted_write::put(entity e, keep k) {
  auto const whole = of_.find(e.id);
  if (is_alive(whole)) {
    auto const seen = rules_.view.masked(whole);
    if (!seen) throw fault(fault_kind::forbidden, "you may not create the entity " + e.id, "id");
    if (seen != whole && e.deleted_at == no_time) e = with_hidden(std::move(e), *whole, *seen);
  }
  // What begins with what its model gives is judged when it has that: model_guard.h.
  auto const& models = rules_.policy.registry();
  if (is_alive(whole) || !models || !models->model_of(e.types)) refuse(model::judge(writer(), whole.get(), &e));
  return of_.put(std::move(e), k);
}

// Also of one of which only the history is left.
void granted_write::require_removable(std::string_view id) const {
  auto was = entity(*get_seen(id));
  was.deleted_at = no_time;
  refuse(model::judge(writer(), &was, nullptr));
}

void granted_write::erase(std::string_view id) {
  require_removable(id);
  of_.erase(id);
}

void granted_write::forget(std::string_view id) {
  require_removable(id);
  of_.forget(id);
}

void granted_write::require_history(std::string_view id, symbol attribute) const {
  refuse(model::judge_history(writer(), *get_seen(id), attribute));
}

void granted_write::require_history(std::string_view id, std::uint64_t series) const {
  for (auto const& s : of_.series_of(id)) {
    if (s.series == series) return require_history(id, s.attribute);
  }
  throw fault(fault_kind::not_found, "there is no such series");
}

std::uint64_t granted_write::observe(series_key const& series, observation o) {
  require_history(series.entity, series.attribute);
  return of_.observe(series, std::move(o));
}

std::uint64_t granted_write::observe(std::uint64_t series, std::vector<observation> all) {
  require_history(pending_.owner_of(series), series);
  return of_.observe(series, std::move(all));
}

std::uint64_t granted_write::start_series(series_key const& series) {
  require_history(series.entity, series.attribute);
  return of_.start_series(series);
}

void granted_write::change_observation(std::uint64_t series, std::uint64_t number, observation o) {
  require_history(pending_.owner_of(series), series);
  of_.change_observation(series, number, std::move(o));
}

void granted_write::remove_observation(std::uint64_t series, std::uint64_t number) {
  require_history(pending_.owner_of(series), series);
  of_.remove_observation(series, number);
}

void granted_write::remove_series(std::string_view entity, std::uint64_t series) {
  require_history(entity, series);
  of_.remove_series(entity, series);
}

void granted_write::require_note(std::string_view collection) const {
  if (rules_.who.may_write() || rules_.notes.contains(collection)) return;
  throw fault(fault_kind::forbidden, "the role " + std::string(to_text(rules_.who.role)) + " changes no records of the platform");
}

void granted_write::put_record(std::string_view collection, std::string_view key, json::value v) {
  require_note(collection);
  of_.put_record(collection, key, std::move(v));
}

void granted_write::erase_record(std::string_view collection, std::string_view key) {
  require_note(collection);
  of_.erase_record(collection, key);
}

}  // namespace dos
