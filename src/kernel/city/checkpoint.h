// Makes the state of a city durable up to a position of its log, and reads it back at the start.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "kernel/city/batch.h"
#include "kernel/city/images.h"
#include "kernel/city/ledger.h"
#include "kernel/city/pending.h"
#include "kernel/events/matcher.h"
#include "kernel/graph/codec.h"
#include "kernel/graph/entity_store.h"
#include "kernel/history/history.h"
#include "kernel/store/state_db.h"

namespace dos {

// The city's name table with its lock: the sequencer adds, checkpoint and catching-up readers look names up.
struct shared_names {
  std::mutex mutex;
  name_table table;
};

// What has changed since the last checkpoint, gathered in log order.
struct dirty_state {
  struct owned_series {
    std::string entity;
    std::optional<series_ref> series;  // nothing: ended
  };
  entity_images entities;
  std::map<std::pair<std::string, std::string>, record_ptr> records;
  std::map<std::uint64_t, owned_series> series;
  std::vector<ledger_line> ledger;
  std::vector<matcher::changed> subscriptions;
  counters numbers;
  // Of the name table, those that committed batches use. What came later may still be taken back by a refused append.
  std::uint32_t names = 0;
  std::uint64_t position = 0;
  std::uint64_t bytes = 0;  // of the log

  void note(write_effects const& w);
  bool empty() const { return position == 0; }
};
// After a checkpoint that failed: what came later wins.
void merge(dirty_state& older, dirty_state later);

// Everything of `d`, and the history up to its position, in one transaction. Faults: those of the store.
void write_checkpoint(store::state_db& db, dirty_state const& d, history& h, shared_names& names);

struct restored_state {
  entity_store& entities;
  record_table& records;
  dos::ledger& ledger;
  dos::matcher& matcher;
  shared_names& names;
  counters& numbers;
};
// Returns the position of the checkpoint.
std::uint64_t read_checkpoint(store::state_db const& db, restored_state into);

}  // namespace dos
