// Live streams: what changes, as it changes, for readers that stay connected. A reader that falls behind the log's floor
// is told about the gap; a slow one holds nobody up.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "kernel/events/change.h"

namespace dos {

class live_reader {
 public:
  virtual ~live_reader() = default;
  // Appends the next changes (at most 1,000), in log order. False: the reader has fallen too far behind or asked for a
  // position that is gone; it goes on from now.
  virtual bool read(std::vector<entity_change>& out) = 0;
  virtual std::uint64_t position() const = 0;  // everything up to here has been read
  // Calls `wake` once, from any thread, as soon as there is more to read.
  virtual void on_ready(std::function<void()> wake) = 0;
};

}  // namespace dos
