// What is in no chunk yet: in memory, readable at once, and as one raw row for each flush in the database, so that a
// restart needs no old log. Inside kernel/history only.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "base/ref.h"
#include "kernel/history/bytes.h"
#include "kernel/history/chunk_table.h"
#include "kernel/history/history.h"
#include "kernel/store/state_db.h"

namespace dos::history_parts {

// The part of a tail that a reader works on: a copy, so that it holds no lock afterwards.
template <typename Point>
struct tail_part {
  std::vector<Point> points;  // in order of moment
  mask hidden;                // of what the chunks hold; also the numbers of `points`
};
using tail_view = tail_part<observation>;

// What statistics need of an observation.
struct measured {
  dos::moment at;
  std::optional<double> value;  // as a number
  dos::moment moment() const { return at; }
};
using tail_values = tail_part<measured>;

class tail {
 public:
  // One thread, in the order of the log.
  void add(store::position at, series_id series, observation o);
  void change(store::position at, series_id series, observation o);
  void remove(store::position at, series_id series, observation_number number);
  void remove_range(store::position at, series_id series, time_range range);

  void fetch_ahead(std::span<series_id const> series) const;

  // Any thread. At most `limit` points, those that come first in the direction of the query.
  tail_view view(series_id series, time_range range, bool descending = false, std::size_t limit = SIZE_MAX) const;
  tail_values values(series_id series, time_range range) const;
  std::optional<observation> find(series_id series, observation_number number) const;
  std::size_t bytes() const { return bytes_; }
  void for_each_number(std::function<void(series_id, observation_number)> const& visit) const;

  // The follower.
  void load(store::connection& db, store::position cursor, on_damage const& damaged);
  void flush(store::connection& db, store::position cursor, history_options const& limits, std::int64_t& data,
             on_damage const& damaged);
  void flushed();

 private:
  using row_id = std::int64_t;
  // What an observation needs while it waits: a city under load keeps millions. Extras that several have alike are held
  // once; the time of modification, which is another each time, lies beside them.
  struct shared_extras : counted {
    json::value value;
    std::size_t bytes = 0;
  };
  struct point {
    timestamp time;
    observation_number number = 0;
    json::value value;
    ref<shared_extras const> extras;
    std::int64_t modified_us = none;
    store::position at = 0;
    std::uint32_t shared_bytes = 0;  // of the extras, where this is the one that brought them

    static constexpr std::int64_t none = INT64_MIN;
    dos::moment moment() const { return {time, number}; }
    std::size_t bytes() const { return sizeof(point) + shared_bytes + heap_bytes(value); }
    dos::observation observation() const;
  };
  struct hidden_number {
    observation_number number;
    store::position at;
  };
  struct hidden_range {
    time_range range;
    store::position at;
  };
  struct edits {
    std::vector<hidden_number> numbers;
    std::vector<hidden_range> ranges;
  };
  struct open_series {
    std::vector<point> points;    // in order of moment
    std::unique_ptr<edits> hidden;
    store::position last_at = 0;  // the newest of the points
    std::size_t bytes = 0;        // of the points
    row_id saved_since = 0;       // the oldest row with points of this series; 0: none

    bool empty() const { return points.empty() && !hidden; }
    edits& hide();
    std::size_t due(store::position after, store::position until) const;  // points that came in between
  };
  // Numbers of series are given out one after another, so that a table is enough.
  struct shard {
    mutable std::mutex mutex;
    std::vector<std::unique_ptr<open_series>> series;  // by number / shard_count; mostly nothing
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

  static constexpr std::size_t shard_count = 64;
  static constexpr std::size_t known_extras = 8;

  template <typename Point, typename Make>
  tail_part<Point> part(series_id series, time_range range, bool descending, std::size_t limit, Make const& make) const;
  shard& shard_of(series_id s) { return shards_[s % shard_count]; }
  shard const& shard_of(series_id s) const { return shards_[s % shard_count]; }
  static open_series* find_open(shard const& in, series_id s);
  open_series& open(shard& in, series_id s);
  void close(shard& in, series_id s);
  template <typename Visit>
  static void for_each_open(shard const& in, std::size_t index, Visit const& visit);
  point pack(open_series const& s, observation o, store::position at);
  void insert(open_series& s, observation o, store::position at);
  template <typename Predicate>
  void drop_points(open_series& s, Predicate const& dropped);
  std::vector<series_id> choose(store::position cursor, history_options const& limits) const;
  row_id oldest_row_worth_keeping(std::size_t bytes_max) const;
  chunk_edit edit_of(series_id series, store::position cursor) const;
  void save_row(store::connection& db, std::unordered_set<series_id> const& chunked);
  void load_row(chunk_reader in, row_id id, store::position cursor);

  std::array<shard, shard_count> shards_;
  std::array<ref<shared_extras const>, known_extras> extras_;  // lately seen; of the thread that adds
  std::size_t next_extras_ = 0;
  std::atomic<std::size_t> bytes_ = 0;
  // The follower's alone:
  store::position saved_cursor_ = 0;
  std::deque<saved_row> rows_;
  row_id last_row_ = 0;
  plan plan_;
};

}  // namespace dos::history_parts
