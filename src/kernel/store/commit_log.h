// The commit log of a city: batches of effects in one order, durable before anyone is answered.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "base/time.h"

namespace dos::store {

// Place of a batch in the log. The first one is 1; 0 stands before everything.
using position = std::uint64_t;

enum class appended {
  ok,        // durable
  conflict,  // somebody else wrote at this position: read on from your own last one
  unknown    // the sync failed. The log has closed and reopened its file; drop what is pending, ask last(), read on
};

struct log_batch {
  position at;
  timestamp time;
  std::uint32_t key_id;    // 0: not encrypted
  std::string_view bytes;  // valid during the call only
};

// append is called by one thread, the sequencer; everything else by any thread at any time. Every call may end in fault
// unavailable or internal when the medium fails.
class commit_log {
 public:
  virtual ~commit_log() = default;

  // Stores `batch` at `expected`, which must be last() + 1, and returns when it is durable: one append, one sync.
  // Fault storage_full: nothing was stored, the log is usable, and the same append succeeds when there is space again.
  // Fault too_large above batch_bytes_max.
  virtual appended append(position expected, timestamp time, std::string_view batch) = 0;

  // Hands out the batches from `from` on, in order, until `bytes_max` is reached (at least one, when there is one) or
  // `visit` returns false. Returns the position to go on from. Fault not_found when `from` lies below first(): the
  // reader has a gap. Fault internal "damaged at position N" when a checksum does not hold: never skipped.
  using visitor = std::function<bool(log_batch const&)>;
  virtual position read(position from, std::size_t bytes_max, visitor const& visit) const = 0;

  // Removes batches before `before`; the newest one always stays. Done in small steps that let appends through; also
  // folds SQLite's write-ahead log. Called by the follower after each checkpoint. Does nothing while a backup runs.
  virtual void truncate(position before) = 0;

  // Replaces the bytes of one batch for ever and overwrites the old ones on the medium.
  virtual void redact(position at, std::string_view replacement) = 0;

  // An empty log has first() 1 and last() 0; otherwise both exist. Cheap.
  virtual position first() const = 0;
  virtual position last() const = 0;

  // The first batch that is later than `t`; last() + 1 when none is. Times ascend in the log.
  virtual position first_after(timestamp t) const = 0;

  // Copies the log to `dir`/log.db while it is being written. Call it after state_db::backup_to, holding `hold()`
  // around both, then the copy of the log reaches at least to the copied cursor and starts before it.
  virtual void backup_to(std::filesystem::path const& dir) const = 0;
  // While it lives nothing is truncated.
  using hold = std::shared_ptr<void>;
  virtual hold hold_truncation() = 0;

  static constexpr std::size_t batch_bytes_max = 256u << 20;
};

struct log_options {
  std::int64_t pages_max = 0;  // of 4 KiB; 0: as much as the disk has. A quota, and the way tests fill a disk
};

// The embedded log: `dir`/log.db (SQLite). Creates what is missing. Fault not_supported when the file was written by a
// newer program.
std::unique_ptr<commit_log> open_log(std::filesystem::path const& dir, log_options = {});

}  // namespace dos::store
