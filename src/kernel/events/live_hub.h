// Hands every committed change to its readers. Keeps the newest ones in memory; older ones are read from the log again, by
// one reader at a time.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "kernel/events/live.h"

namespace dos {

class live_hub : public std::enable_shared_from_this<live_hub> {
 public:
  // A cursor that reads from a position on.
  using open_log = std::function<std::unique_ptr<log_cursor>(std::uint64_t from)>;

  explicit live_hub(open_log open) : open_log_(std::move(open)) {}

  // Once for every log entry, in order. `bytes`: about what the changes take.
  void publish(std::uint64_t position, std::shared_ptr<std::vector<change> const> changes, std::size_t bytes);
  // What lies up to there is in the log alone.
  void start_at(std::uint64_t position);
  // Changes after a committed position, which need not have been published yet.
  std::unique_ptr<live_reader> open(std::uint64_t after, bool begins_with_gap = false);
  // Whether a reader from there on finds everything in memory.
  bool is_at_hand(std::uint64_t after);

  static constexpr std::size_t cursors_max = 4;  // kept, with the images they need to go on

 private:
  class reader;
  struct entry {
    std::uint64_t position;
    std::shared_ptr<std::vector<change> const> changes;
    std::size_t bytes;
  };
  struct piece {
    std::optional<log_gap> gap;
    std::uint64_t from = 0, next = 0;
    std::shared_ptr<std::vector<change> const> changes;
  };
  static constexpr std::size_t changes_max = 20'000;       // kept in memory
  static constexpr std::size_t bytes_max = 32 << 20;       // of them
  static constexpr std::size_t pieces_max = 8;             // of the log, read last: many readers ask for the same

  // Nothing: another reader is at it.
  std::optional<piece> read_log(std::uint64_t from);

  open_log open_log_;
  std::mutex mutex_;
  std::deque<entry> recent_;
  std::size_t recent_changes_ = 0, recent_bytes_ = 0;
  std::uint64_t last_ = 0;   // published
  std::uint64_t floor_ = 1;  // from here on `recent_` has everything
  std::map<reader const*, std::function<void()>> waiting_;  // for more
  std::list<std::unique_ptr<log_cursor>> cursors_;  // the one used last first
  std::deque<piece> pieces_;
  bool reads_log_ = false;
  std::map<reader const*, std::function<void()>> turn_;  // for the log
};

}  // namespace dos
