// The models that hold where writes are decided, with what belongs to them: constraint indexes and timers. Of writes that do
// not stand nothing is left. The sequencer's, but for what is said of it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "kernel/city/constraint_index.h"
#include "kernel/city/governed_write.h"
#include "kernel/city/model_guard.h"

namespace dos {

class model_keeper {
 public:
  model_keeper(std::string const& city, entity_store const& entities, record_table const& records)
      : city_(city), entities_(entities), records_(records) {}

  void begin_with(model::registry_ptr r);
  model::registry_ptr const& models() const { return models_; }
  constraint_index& constraints() { return *constraints_; }

  // A batch is being decided.
  void begin_batch();
  struct mark_of_write {
    std::size_t constraints, timers;
  };
  mark_of_write mark() const { return {constraints_ ? constraints_->mark() : 0, changes_.size()}; }
  void undo_to(mark_of_write const& m);
  void note(std::vector<model_guard::timer_change> changes);
  // After the decision that says so. `pending` and `own`: what is decided, but not yet among the entities. Faults: conflict.
  void adopt(model::registry_ptr r, overlay const& pending, std::vector<image_pair> const& own);
  void batch_stands();
  void batch_failed();

  // What fell due, the oldest first, for about 5 ms.
  void fire_due(governed_write& t);
  std::optional<timestamp> next_due() const;  // any thread
  resource_times times_of(symbol type, std::string const& resource, timestamp from, timestamp to) const;  // any thread

 private:
  void rebuild();
  void read_timers();
  void tell_next_due();
  bool is_held(timer const& t) const;

  std::string const& city_;
  entity_store const& entities_;
  record_table const& records_;
  model::registry_ptr models_;
  std::unique_ptr<constraint_index> constraints_;
  model::registry_ptr models_before_;                     // while a batch that changes them is not yet stored
  std::unique_ptr<constraint_index> constraints_before_;  //
  std::set<timer> due_;
  std::vector<model_guard::timer_change> changes_;  // of the batch
  bool timers_are_stale_ = false;  // other models may hold others of them
  bool is_stale_ = false;  // what is known of constraints and timers is made anew before the next batch
  std::atomic<std::int64_t> next_due_us_;
  mutable std::mutex index_mutex_;  // of the indexes, for readers: held while they change
};

}  // namespace dos
