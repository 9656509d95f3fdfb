// From the number of an observation to its series: blocks of 4,096 consecutive numbers, each a list of runs, most of them
// a few bytes. Written with the flushes of the history; what came since is in memory. Inside kernel/history only.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "kernel/history/history.h"
#include "kernel/store/sqlite.h"

namespace dos::history_parts {

// Consecutive numbers of one series.
struct number_run {
  observation_number first = 0;
  std::uint64_t count = 0;
  series_id series = 0;

  bool operator==(number_run const&) const = default;
};

std::string encode_runs(std::vector<number_run> const& runs);
std::vector<number_run> decode_runs(std::string_view bytes);

class directory {
 public:
  static constexpr std::uint64_t block_size = 4096;

  // One thread, in the order of the log; numbers ascend.
  void add(store::position at, series_id series, observation_number number);

  // Any thread.
  std::optional<series_id> find_open(observation_number number) const;
  std::optional<series_id> find_stored(store::connection& db, observation_number number) const;

  // The follower.
  void load(store::connection& db);
  // The least number that is stored; the greatest there is when none is.
  observation_number first_stored(store::connection& db) const;
  // Numbers before the first one that is stored, ascending.
  void enter(store::connection& db, std::vector<number_run> const& earlier) const;
  void flush(store::connection& db, store::position cursor);
  void flushed();

 private:
  struct open_run {
    number_run run;
    store::position at;  // of its last number; a run never goes on from one batch to the next
  };

  mutable std::mutex mutex_;
  std::deque<open_run> open_;
  store::position flushed_to_ = 0;
};

}  // namespace dos::history_parts
