// How a committed batch becomes what readers of a city see. Inside kernel/city only.
#pragma once

#include <atomic>
#include <set>
#include <shared_mutex>
#include <string_view>

#include "kernel/city/follower.h"
#include "kernel/city/records.h"
#include "kernel/graph/entity_store.h"
#include "kernel/history/history.h"

namespace dos {

// Which types anonymous callers may read, as the records of open_types_collection say.
class open_types {
 public:
  void note(std::string_view key, record_ptr const& r);  // nothing: the record is gone
  bool contains(symbol type) const;

 private:
  mutable std::shared_mutex mutex_;
  std::set<symbol> types_;
};

struct published_state {
  entity_store& entities;
  record_table& records;
  open_types& open;
  dos::history& history;
  std::atomic<std::uint64_t>& erased_at;  // position of the last batch that took something out of the history
};

// One thread, in log order.
void publish(committed_batch const& b, published_state const& into);

}  // namespace dos
