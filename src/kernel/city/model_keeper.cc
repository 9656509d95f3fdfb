#include "kernel/city/model_keeper.h"

#include <chrono>

#include "base/fault.h"
#include "base/log.h"

namespace dos {
namespace {

constexpr auto slice = std::chrono::milliseconds(5);
constexpr auto never = std::numeric_limits<std::int64_t>::max();

}  // namespace

void model_keeper::begin_with(model::registry_ptr r) {
  models_ = std::move(r);
  rebuild();
}

void model_keeper::rebuild() {
  auto const lock = std::lock_guard(index_mutex_);
  constraints_ = models_ ? std::make_unique<constraint_index>(models_, entities_, constraint_index::broken::is_named) : nullptr;
  read_timers();
}

void model_keeper::read_timers() {
  due_.clear();
  records_.for_each(timer_collection, {}, [&](std::string_view key, record_ptr const&) {
    if (auto t = timer::parse(key); t && !is_held(*t)) due_.insert(std::move(*t));
    return true;
  });
  tell_next_due();
}

bool model_keeper::is_held(timer const& t) const {
  auto const e = models_ ? entities_.find(t.entity) : entity_ptr();
  auto const* const m = e ? models_->model_of(e->types) : nullptr;
  return m && t.deadline < m->deadlines.size() && m->deadlines[t.deadline].is_held;
}

void model_keeper::tell_next_due() { next_due_us_ = due_.empty() ? never : due_.begin()->due.us; }

std::optional<timestamp> model_keeper::next_due() const {
  auto const us = next_due_us_.load();
  return us == never ? std::nullopt : std::optional(timestamp{us});
}

void model_keeper::begin_batch() {
  if (is_stale_) rebuild();
  else if (timers_are_stale_) read_timers();
  is_stale_ = timers_are_stale_ = false;
}

void model_keeper::undo_to(mark_of_write const& m) {
  if (constraints_) constraints_->undo_to(m.constraints);
  changes_.resize(m.timers);
}

void model_keeper::note(std::vector<model_guard::timer_change> changes) {
  std::move(changes.begin(), changes.end(), std::back_inserter(changes_));
}

void model_keeper::adopt(model::registry_ptr r, overlay const& pending, std::vector<image_pair> const& own) {
  auto index = std::make_unique<constraint_index>(r, entities_, constraint_index::broken::refuses);
  auto const find = [&](std::string_view id) -> entity_ptr {
    for (auto i = own.rbegin(); i != own.rend(); ++i) {
      if (i->after->id == id) return i->after;
    }
    if (auto const* const e = pending.entities.find(id)) return e->image();
    return entities_.find(id);
  };
  auto pairs = std::vector<image_pair>();
  for (auto const& e : pending.entities) pairs.push_back({entities_.find(e.id()), e.image() ? e.image() : e.held});
  pairs.insert(pairs.end(), own.begin(), own.end());
  for (auto const& p : pairs) index->apply({&p, 1}, find);
  index->settle();
  timers_are_stale_ = true;
  models_before_ = std::exchange(models_, std::move(r));
  constraints_before_ = std::exchange(constraints_, std::move(index));
}

void model_keeper::batch_stands() {
  constraints_before_.reset();
  models_before_.reset();
  if (constraints_) constraints_->settle();
  for (auto const& c : changes_) {
    if (c.begins && !is_held(c.what)) due_.insert(c.what);
    else due_.erase(c.what);
  }
  if (!changes_.empty()) tell_next_due();
  changes_.clear();
}

void model_keeper::batch_failed() {
  if (constraints_before_) {
    models_ = std::move(models_before_);
    constraints_ = std::move(constraints_before_);
  }
  changes_.clear();
  is_stale_ = models_ != nullptr;  // nobody may know whether it was stored
  if (constraints_) constraints_->settle();
}

void model_keeper::fire_due(governed_write& t) {
  auto const end = std::chrono::steady_clock::now() + slice;
  auto due = std::vector<timer>();
  for (auto it = due_.begin(); it != due_.end() && it->due <= t.now() && due.size() < 1'000; ++it) due.push_back(*it);
  for (auto const& one : due) {
    t.fire(one);
    if (std::chrono::steady_clock::now() >= end) return;
  }
}

resource_times model_keeper::times_of(symbol type, std::string const& resource, timestamp from, timestamp to) const {
  auto const lock = std::lock_guard(index_mutex_);
  if (!constraints_) return {};
  return constraints_->times_of(type, resource, from, to, [&](std::string_view id) { return entities_.find(id); });
}

}  // namespace dos
