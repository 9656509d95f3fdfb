// Reading what changes, in log order, from any position of the log on: the one way for live streams, for subscriptions that
// catch up, and for whatever follows the city. Images are exact, before and after. A reader that falls behind the log's
// beginning is told of the gap; a slow one holds nobody up.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "kernel/events/change.h"

namespace dos {

// Positions whose changes cannot be told: the log has them no longer, or they are damaged.
struct log_gap {
  std::uint64_t from = 0, to = 0;  // the second excluded; equal: nobody knows what was missed
};

class live_reader {
 public:
  virtual ~live_reader() = default;
  // Appends the next changes, whole log entries. Nothing is appended and no gap returned: there is nothing now, or it is not
  // this reader's turn to read the log; on_ready tells. Of a gap the reader stands behind. What is not in memory any more
  // is read from disk: not on a network thread, unless `is_at_hand`. Faults: those of the store; the next call tries again.
  virtual std::optional<log_gap> read(std::vector<change>& out) = 0;
  virtual std::uint64_t position() const = 0;  // everything up to here has been read
  // Calls `wake` once, from any thread, as soon as it is worth reading.
  virtual void on_ready(std::function<void()> wake) = 0;
};

// Reads the log itself, on the thread that asks.
class log_cursor {
 public:
  virtual ~log_cursor() = default;
  // Some of the next changes; nothing at the end of what is committed.
  virtual std::optional<log_gap> read(std::vector<change>& out) = 0;
  virtual std::uint64_t next() const = 0;  // the position that is read next
};

}  // namespace dos
