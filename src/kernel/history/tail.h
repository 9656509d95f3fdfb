// What is in no chunk yet: in memory, readable at once, and as one raw row for each flush in the database, so that a
// restart needs no old log. Inside kernel/history only.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kernel/history/bytes.h"
#include "kernel/history/chunk_table.h"
#include "kernel/history/history.h"
#include "kernel/store/state_db.h"

namespace dos::history_parts {

// The part of a tail that a reader works on: a copy, so that it holds no lock afterwards.
struct tail_view {
  std::vector<observation> points;  // in order of moment
  mask hidden;                      // of what the chunks hold; also the numbers of `points`
  bool edited = false;              // something of the chunks is hidden
};

class tail {
 public:
  // One thread, in the order of the log.
  void add(store::position at, series_id series, observation o);
  void change(store::position at, series_id series, observation o);
  void remove(store::position at, series_id series, observation_number number);
  void remove_range(store::position at, series_id series, time_range range);

  // Any thread. At most `limit` points, those that come first in the direction of the query.
  tail_view view(series_id series, time_range range, bool descending = false, std::size_t limit = SIZE_MAX) const;
  std::optional<observation> find(series_id series, observation_number number) const;
  std::size_t bytes() const { return bytes_; }

  // The follower.
  void load(store::connection& db, store::position cursor);
  void flush(store::connection& db, store::position cursor, history_options const& limits, std::int64_t& data);
  void flushed();

 private:
  using row_id = std::int64_t;
  struct point {
    observation o;
    store::position at;
  };
  struct hidden_number {
    observation_number number;
    store::position at;
  };
  struct hidden_range {
    time_range range;
    store::position at;
  };
  struct open_series {
    std::vector<point> points;  // in order of moment
    std::vector<hidden_number> numbers;
    std::vector<hidden_range> ranges;
    row_id saved_since = 0;  // the oldest row with points of this series; 0: none
    std::size_t bytes = 0;   // of the points

    bool empty() const { return points.empty() && numbers.empty() && ranges.empty(); }
  };
  struct shard {
    mutable std::mutex mutex;
    std::unordered_map<series_id, open_series> series;
  };
  struct saved_row {
    row_id id;
    std::size_t bytes;
  };
  // What a flush has written and, once committed, can be dropped.
  struct plan {
    store::position cursor = 0;
    std::vector<series_id> chunked;
    std::vector<series_id> saved;
    std::optional<saved_row> row;
    row_id needed_from = 0;  // older rows are gone
  };

  shard& shard_of(series_id s) { return shards_[s % shards_.size()]; }
  shard const& shard_of(series_id s) const { return shards_[s % shards_.size()]; }
  void insert(open_series& s, point p);
  template <typename Predicate>
  void drop_points(open_series& s, Predicate const& dropped);
  std::vector<series_id> choose(store::position cursor, history_options const& limits) const;
  row_id oldest_row_worth_keeping(std::size_t bytes_max) const;
  chunk_edit edit_of(series_id series, store::position cursor) const;
  void save_row(store::connection& db, std::unordered_set<series_id> const& chunked);
  void load_row(chunk_reader in, row_id id, store::position cursor);

  std::array<shard, 64> shards_;
  std::atomic<std::size_t> bytes_ = 0;
  // The follower's alone:
  store::position saved_cursor_ = 0;
  std::deque<saved_row> rows_;
  row_id last_row_ = 0;
  plan plan_;
};

}  // namespace dos::history_parts
