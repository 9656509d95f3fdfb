// Every series of a city: new observations readable at once from memory, older ones in chunks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernel/history/chunk.h"
#include "kernel/history/observation.h"
#include "kernel/store/state_db.h"

namespace dos {

// A series is (entity, attribute, dataset id); which one a number stands for is kept elsewhere. Given out one after
// another: there is a table by it.
using series_id = std::uint64_t;

struct range_query {
  timestamp from = timestamp_min;  // inclusive
  timestamp to = {INT64_MAX};      // exclusive
  std::size_t limit = SIZE_MAX;
  bool descending = false;      // newest first; with `limit` n the last n
  std::optional<moment> after;  // go on behind this one, in the direction of the query (paging)
};

struct series_statistics {
  std::uint64_t count = 0;
  moment first;
  moment last;
};

struct history_options {
  std::size_t tail_bytes_max = 64u << 20;  // memory of observations that are in no chunk yet
  std::size_t flush_points = 256;          // a series with so many new ones is written to its chunk at the next flush
};

// Threads: add, change and remove* by one thread, in the order of the log. flush, flushed and expire by one thread, the
// follower. Reading by any, at any time, without waiting for either; a reader sees what was added before it began and
// perhaps some of what came since.
//
// Each change carries the position of its batch, and flush writes exactly those up to the cursor: after a restart the
// log is replayed from the cursor and nothing is there twice.
class history {
 public:
  // Creates its tables and loads the open tails that earlier flushes left.
  explicit history(store::state_db& db, history_options = {});
  ~history();

  void add(store::position at, series_id series, observation o);
  void change(store::position at, series_id series,
              observation o);  // replaces the one with its number; may move in time
  void remove(store::position at, series_id series, observation_number number);
  void remove_range(store::position at, series_id series, timestamp from, timestamp to);  // half open
  void remove_series(store::position at, series_id series);
  // Asks for the memory of series that are added to next, all at once instead of one after the other.
  void fetch_ahead(std::span<series_id const> series) const;

  // In order of (time, number), or the reverse.
  std::vector<observation> range(series_id series, range_query const& query) const;
  // The same without the vector; stops when `visit` returns false. Returns how many it handed out. A moment of the
  // database is held meanwhile: don't wait for a slow receiver in `visit`.
  std::size_t for_each(series_id series, range_query const& query,
                       std::function<bool(observation const&)> const& visit) const;
  std::optional<observation> last(series_id series) const;
  std::optional<observation> find(series_id series, observation_number number) const;
  // Of which series that observation is, or was; nothing when there never was one.
  std::optional<series_id> find_series_of(observation_number number) const;
  std::optional<series_statistics> statistics_of(series_id series) const;

  // `boundaries`: n + 1 ascending times that bound n half-open periods. Whole chunks are taken by their statistics.
  std::vector<value_statistics> aggregate(series_id series, std::vector<timestamp> const& boundaries) const;

  // Writes what came up to `cursor` into `t`: into chunks where enough of a series has gathered or its turn has come,
  // otherwise raw. After t.commit() call flushed(); if the commit failed, don't, and the next flush does it all again.
  void flush(store::state_db::transaction& t, store::position cursor);
  void flush_all(store::state_db::transaction& t, store::position cursor);  // everything into chunks
  void flushed();

  bool wants_flush() const;        // the tail is near its bound
  std::size_t tail_bytes() const;  // memory now

  // Removes chunks and parts of chunks older than `before`. New observations that old leave with a later call. Not
  // between flush and flushed.
  void expire(store::state_db::transaction& t, series_id series, timestamp before);

  // Which series are known to be damaged, for the operator; empty: none. The others are not concerned: reading one that is,
  // is a fault; writing to it goes on, what is damaged being set aside.
  std::string trouble() const;
  // Reads every chunk; one line for each that is damaged.
  std::vector<std::string> damages() const;

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace dos
