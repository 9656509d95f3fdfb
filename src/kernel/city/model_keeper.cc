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
  use(models_ ? std::make_shared<constraint_index>(models_, entities_, constraint_index::broken::is_named) : nullptr);
  due_ = due_of(models_.get());
  tell_next_due();
}

void model_keeper::use(std::shared_ptr<constraint_index> index) {
  auto const lock = std::lock_guard(index_mutex_);
  constraints_ = std::move(index);
}

// What the entities that are there tell of, and is not done.
std::set<timer> model_keeper::due_of(model::registry const* models) const {
  auto all = std::set<timer>();
  if (!models) return all;
  for (auto const& t : models->types()) {
    if (t->deadlines.empty()) continue;
    auto q = query::query();
    q.selectors.push_back({{}, nullptr, {{t->iri}}});
    entities_.for_each(q, [&](entity_ptr const& e) {
      for (auto& one : timers_of(*t, *e)) {
        if (!records_.find(timer_collection, key_of(one, *t))) all.insert(std::move(one));
      }
      return true;
    });
  }
  return all;
}

void model_keeper::tell_next_due() { next_due_us_ = due_.empty() ? never : due_.begin()->due.us; }

std::optional<timestamp> model_keeper::next_due() const {
  auto const us = next_due_us_.load();
  return us == never ? std::nullopt : std::optional(timestamp{us});
}

void model_keeper::begin_batch(timestamp now) {
  if (next_due() && !is_set_by_hand_) watch_.look(now);
  if (!is_stale_) return;
  rebuild();
  is_stale_ = false;
}

void model_keeper::undo_to(mark_of_write const& m) {
  if (constraints_) constraints_->undo_to(m.constraints);
  changes_.resize(m.timers);
}

void model_keeper::note(std::vector<model_guard::timer_change> changes) {
  std::move(changes.begin(), changes.end(), std::back_inserter(changes_));
}

void model_keeper::adopt(model::registry_ptr r, overlay const& pending, std::vector<image_pair> const& own) {
  auto index = std::make_shared<constraint_index>(r, entities_, constraint_index::broken::refuses);
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
  auto due = due_of(r.get());
  for (auto const& p : pairs) {
    index->apply({&p, 1}, find);
    for (auto const& e : {p.before, p.after}) {
      auto const* const t = e ? r->model_of(e->types) : nullptr;
      if (!t || t->deadlines.empty()) continue;
      for (auto& one : timers_of(*t, *e)) {
        if (e == p.after) due.insert(std::move(one));
        else due.erase(one);
      }
    }
  }
  index->settle();
  before_ = state_before{models_, constraints_, std::move(due_)};
  models_ = std::move(r);
  due_ = std::move(due);
  changes_.clear();  // they are among them
  use(std::move(index));
}

void model_keeper::batch_stands() {
  before_.reset();
  if (constraints_) constraints_->settle();
  for (auto const& c : changes_) {
    if (c.begins) due_.insert(c.what);
    else due_.erase(c.what);
  }
  tell_next_due();
  changes_.clear();
}

void model_keeper::batch_failed(bool is_in_log) {
  if (before_ && !is_in_log) {
    models_ = std::move(before_->models);
    due_ = std::move(before_->due);
    use(std::move(before_->constraints));
  }
  before_.reset();
  changes_.clear();
  if (constraints_) constraints_->settle();
  is_stale_ = models_ != nullptr;  // of this batch nothing is left, or all of it
}

void model_keeper::settle(timestamp now, submit_write const& submit) {
  if (!is_set_by_hand_) watch_.look(now);
  auto const due = next_due();
  if (!due || *due > now || watch_.has_jumped() || is_settling_.exchange(true)) return;
  try {
    submit([this](transaction& t) { fire_due(static_cast<governed_write&>(t)); }, [this](outcome const&) { is_settling_ = false; });
  } catch (...) {
    is_settling_ = false;
    throw;
  }
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
  auto index = std::shared_ptr<constraint_index>();
  {
    auto const lock = std::lock_guard(index_mutex_);
    index = constraints_;
  }
  return index ? index->times_of(type, resource, from, to, [&](std::string_view id) { return entities_.find(id); }) : resource_times();
}

}  // namespace dos
