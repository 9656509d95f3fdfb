// Hands every committed change to the connected readers. Keeps the newest ones in memory; older ones are read from the
// log again.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "kernel/events/live.h"

namespace dos {

class live_hub : public std::enable_shared_from_this<live_hub> {
 public:
  // Reads the changes of the log entries from `from` on (some of them, at least one entry) and returns the position to go
  // on from; nothing when `from` is gone. What a change set is as it was set, the rest of the images as
  // it is today.
  using log_reader = std::function<std::optional<std::uint64_t>(std::uint64_t from, std::vector<entity_change>& out)>;

  explicit live_hub(log_reader read_log) : read_log_(std::move(read_log)) {}

  // Once for every log entry, in order.
  void publish(std::uint64_t position, std::shared_ptr<std::vector<entity_change> const> changes);
  // What lies before is in the log alone.
  void start_at(std::uint64_t position);
  // Changes after a committed position, which need not have been published yet.
  std::unique_ptr<live_reader> open(std::uint64_t after, bool begins_with_gap = false);

 private:
  class reader;
  struct entry {
    std::uint64_t position;
    std::shared_ptr<std::vector<entity_change> const> changes;
  };
  static constexpr std::size_t changes_max = 20'000;  // kept in memory

  log_reader read_log_;
  std::mutex mutex_;
  std::deque<entry> recent_;
  std::size_t recent_changes_ = 0;
  std::uint64_t last_ = 0;   // published
  std::uint64_t floor_ = 1;  // from here on `recent_` has everything
  std::vector<std::function<void()>> waiting_;
};

}  // namespace dos
