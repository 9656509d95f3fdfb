#include "kernel/city/session.h"

#include <future>

#include "base/work_budget.h"
#include "kernel/city/city.h"
#include "kernel/history/history.h"
#include "kernel/model/act_rules.h"

namespace dos {
session::session(std::shared_ptr<dos::city> c, principal who) : city_(std::move(c)) {
  if (city_ && !who.is_at_home_in(city_->id())) who = {.name = "anonymous", .source = std::move(who.source), .names = std::move(who.names)};
  who_ = std::make_shared<principal const>(std::move(who));
}

session session::through_references() const {
  auto s = *this;
  s.regardless_of_openness_ = true;
  return s;
}

model::view_ptr session::view() const { return city_->view_of(who_, regardless_of_openness_); }

bool session::sees(entity const& e) const { return view()->reads(e); }

entity_ptr session::masked(entity_ptr const& e) const { return view()->masked(e); }

bool session::is_over(timestamp now) const { return city_->is_over(*who_, now); }

seen_store session::seen(entity_store const& of) const { return seen_store(of, view()); }

entity_ptr session::find_with_history(std::string_view id) const { return seen(city_->entities()).find(id); }

entity_ptr session::find(std::string_view id) const {
  auto found = find_with_history(id);
  return found && found->deleted_at == no_time ? found : nullptr;
}

entity_ptr session::get(std::string_view id) const {
  auto found = find(id);
  if (!found) throw fault(fault_kind::not_found, "there is no entity " + std::string(id), "id");
  return found;
}

entity_store::page session::find(query::query const& q) const { return seen(city_->entities()).find(q); }

void session::for_each(query::query const& q, std::function<bool(entity_ptr const&)> const& visit) const {
  seen(city_->entities()).for_each(q, visit);
}

std::vector<series_ref> session::series_of(std::string_view id) const { return seen(city_->entities()).series_of(id); }

std::optional<entity_store::owned_series> session::find_series(std::uint64_t number) const {
  return seen(city_->entities()).find_series(number);
}

std::optional<entity_store::owned_series> session::find_observed(observation_number number) const {
  auto const series = city_->history().find_series_of(number);
  return series ? find_series(*series) : std::nullopt;
}

std::uint64_t session::series_end() const { return city_->entities().series_end(); }

timestamp session::believed_until() const { return city_->believed_until(who_->source); }

dos::history const& session::history() const { return city_->history(); }

std::optional<entity_change> session::shown(entity_change const& c) const { return city_->shown(who_, c); }

std::optional<std::uint64_t> session::acts_of(std::string_view id) const {
  auto const e = city_->entities().find(id);
  if (!e || !sees(*e)) return std::nullopt;
  static auto const acts = symbol(model::act_iri);
  for (auto const& s : city_->entities().series_of(id)) {
    if (s.attribute == acts) return s.series;
  }
  return std::nullopt;
}

std::vector<model::action const*> session::possible_actions(model::registry const& models, std::string_view id) const {
  auto possible = std::vector<model::action const*>();
  auto const e = city_->entities().find(id);
  auto const* const t = e && e->deleted_at == no_time && sees(*e) ? models.model_of(e->types) : nullptr;
  if (!t) return possible;
  auto const policy = city_->policy_of(*who_);
  auto const w = model::writer{*policy, *who_, city_->now()};
  for (auto const& a : t->actions) {
    if (model::is_theirs(w, *t, a, *e) && !model::hindrance(w, *t, a, *e)) possible.push_back(&a);
  }
  return possible;
}

std::vector<std::pair<symbol, std::size_t>> session::types() const { return seen(city_->entities()).types(); }

std::vector<std::pair<symbol, std::size_t>> session::attributes_of(symbol type) const { return seen(city_->entities()).attributes_of(type); }

record_ptr session::find_record(std::string_view collection, std::string_view key) const {
  return city_->find_record(collection, key);
}

record_ptr session::get_record(std::string_view collection, std::string_view key) const {
  auto found = find_record(collection, key);
  if (!found) throw fault(fault_kind::not_found, "there is no " + std::string(collection) + " " + std::string(key));
  return found;
}

void session::for_each_record(std::string_view collection, std::string_view from,
                              std::function<bool(std::string_view key, record_ptr const&)> const& visit) const {
  city_->for_each_record(collection, from, visit);
}

std::size_t session::record_count(std::string_view collection) const { return city_->record_count(collection); }

bool session::may_write() const { return who_->may_write() || city_->policy_of(*who_)->may_write_something(*who_); }

void session::submit(decide d, std::function<void(outcome)> done, write_size size) const {
  if (!may_write()) {
    throw fault(who_->role == role::anonymous ? fault_kind::unauthenticated : fault_kind::forbidden,
                who_->role == role::anonymous ? "writing needs a token: Authorization: Bearer …"
                                             : "the role " + std::string(to_text(who_->role)) + " may not write");
  }
  if (auto const* const b = work_budget::current(); b && size.bytes == 0) size.bytes = b->request_bytes();
  city_->submit(who_, std::move(d), std::move(done), size);
}

void session::try_submit(decide d, std::function<void(outcome)> done, write_size size) const {
  try {
    submit(std::move(d), done, size);
  } catch (fault const& f) {
    done({.position = 0, .at = {}, .refused = f, .set_aside = 0});
  }
}

outcome session::apply(decide d) const {
  auto promise = std::promise<outcome>();
  auto future = promise.get_future();
  submit(std::move(d), [&](outcome o) { promise.set_value(std::move(o)); });
  auto result = future.get();
  if (result.refused) throw *result.refused;
  return result;
}

}  // namespace dos
