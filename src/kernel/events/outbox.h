// What one subscription still has to be told: bounded, in order, merged per entity while throttled.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "kernel/events/subscriptions.h"

namespace dos {

class outbox {
 public:
  struct entry {
    delivery what;
    std::uint64_t number = 0;  // ascending within the subscription
    bool stored = false;       // on disk since a checkpoint
    std::size_t bytes = 0;     // that it keeps in memory, about
  };

  // The caller looks at is_full(). `merge`: a waiting entry of the same entity that is not being sent takes the newer image instead.
  void add(entity_change change, bool merge);
  void restore(entry e);

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  bool is_full() const { return entries_.size() >= outbox_entries_max || bytes_ >= outbox_bytes_max; }
  bool is_half_empty() const { return entries_.size() < outbox_entries_max / 2 && bytes_ < outbox_bytes_max / 2; }
  // The first entries, to be sent; they stay until taken().
  std::vector<delivery> send(std::size_t n);
  bool is_sending() const { return sending_ > 0; }
  void sent(std::size_t n);  // the first n are done
  void failed() { sending_ = 0; }

  // For the checkpoint: what has come and gone since the last call.
  struct changes {
    std::vector<entry> added;
    std::vector<std::uint64_t> removed;
  };
  changes take_changes();

  std::uint64_t coalesced = 0;  // merged

 private:
  std::deque<entry> entries_;
  std::size_t bytes_ = 0;
  std::size_t sending_ = 0;  // entries at the front that are under way
  std::uint64_t next_number_ = 1;
  std::vector<std::uint64_t> removed_;  // stored ones
};

}  // namespace dos
