// The models that hold where writes are decided, with what belongs to them: constraint indexes and timers. Of writes that do
// not stand nothing is left. The sequencer's, but for what is said of it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kernel/city/clock_watch.h"
#include "kernel/city/constraint_index.h"
#include "kernel/city/governed_write.h"
#include "kernel/city/model_guard.h"

namespace dos {

class model_keeper {
 public:
  // `is_set_by_hand`: the clock, which may jump then.
  model_keeper(entity_store const& entities, record_table const& records, bool is_set_by_hand)
      : entities_(entities), records_(records), is_set_by_hand_(is_set_by_hand) {}

  void begin_with(model::registry_ptr r);
  model::registry_ptr const& models() const { return models_; }
  constraint_index& constraints() { return *constraints_; }

  // A batch is being decided.
  void begin_batch(timestamp now);
  struct mark_of_write {
    std::size_t constraints, timers;
  };
  mark_of_write mark() const { return {constraints_ ? constraints_->mark() : 0, changes_.size()}; }
  void undo_to(mark_of_write const& m);
  void note(std::vector<model_guard::timer_change> changes);
  // After the decision that says so. `pending` and `own`: what is decided, but not yet among the entities. Faults: conflict.
  void adopt(model::registry_ptr r, overlay const& pending, std::vector<image_pair> const& own);
  void batch_stands();
  // `is_in_log`: nobody knew, but it was stored.
  void batch_failed(bool is_in_log);

  // What fell due, the oldest first, for about 5 ms.
  void fire_due(governed_write& t);
  std::optional<timestamp> next_due() const;  // any thread
  resource_times times_of(symbol type, std::string const& resource, timestamp from, timestamp to) const;  // any thread
  // If something fell due before `now`, and no such write is on its way yet: submits one that does it. Any thread.
  using submit_write = std::function<void(session::decide, std::function<void(outcome)>)>;
  void settle(timestamp now, submit_write const& submit);
  clock_watch& watch() { return watch_; }
  clock_watch const& watch() const { return watch_; }

 private:
  // What holds again when a batch that changes it is not stored.
  struct state_before {
    model::registry_ptr models;
    std::shared_ptr<constraint_index> constraints;
    std::set<timer> due;
  };
  void rebuild();
  void use(std::shared_ptr<constraint_index> index);
  std::set<timer> due_of(model::registry const* models) const;
  void tell_next_due();

  entity_store const& entities_;
  record_table const& records_;
  bool const is_set_by_hand_;
  clock_watch watch_;
  std::atomic<bool> is_settling_{false};
  model::registry_ptr models_;
  std::shared_ptr<constraint_index> constraints_;
  std::optional<state_before> before_;
  std::set<timer> due_;
  std::vector<model_guard::timer_change> changes_;  // of the batch
  bool is_stale_ = false;  // what is known of constraints and timers is made anew before the next batch
  std::atomic<std::int64_t> next_due_us_{INT64_MAX};
  mutable std::mutex index_mutex_;  // of which index it is, for readers
};

}  // namespace dos
