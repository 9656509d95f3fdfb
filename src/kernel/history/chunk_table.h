// Chunks in the database: statistics of each in one small row, the bytes in another table, so that reading the former
// does not drag the latter along. Inside kernel/history only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernel/history/chunk.h"
#include "kernel/history/number_set.h"
#include "kernel/store/sqlite.h"

namespace dos::history_parts {

// Half open.
struct time_range {
  std::int64_t from_us;
  std::int64_t to_us;

  bool contains(timestamp t) const { return from_us <= t.us && t.us < to_us; }
};

// What hides observations of older layers.
struct mask {
  number_set numbers;  // settled
  std::vector<time_range> ranges;

  bool empty() const { return numbers.empty() && ranges.empty(); }
  bool hides(moment m) const {
    return numbers.contains(m.number) ||
           std::any_of(ranges.begin(), ranges.end(), [&](time_range r) { return r.contains(m.time); });
  }
  bool may_hide_in(chunk_summary const& s) const;
  bool hides_all(chunk_summary const& s) const;
};

struct chunk_row {
  chunk_summary about;
  std::int64_t data = 0;
  std::string newest;  // where rows come newest first: the last few observations, a chunk of their own; may be empty
};

// A row of chunks that does not pass its checksum, by its place.
struct damaged_chunk {
  std::int64_t series = 0;
  moment first;
  std::int64_t data = 0;
  std::string reason;
};
using on_damage = std::function<void(damaged_chunk const&)>;

void create_chunk_tables(store::connection& db);
// What was set aside by apply_edit.
void for_each_damaged(store::connection& db, on_damage const& visit);
std::int64_t last_chunk_data(store::connection& db);  // greatest id of stored bytes

// Those that may hold something of [from, to), in order or reverse; stops when `visit` returns false. The chunks of a
// series do not overlap.
void for_each_chunk(store::connection& db, std::int64_t series, time_range range, bool descending,
                    std::function<bool(chunk_row const&)> const& visit);
void for_each_chunk_with(store::connection& db, std::int64_t series, observation_number number,
                         std::function<bool(chunk_row const&)> const& visit);
// Of all series, in no order: those with a number below this one.
void for_each_chunk_before(store::connection& db, observation_number number,
                           std::function<void(std::int64_t series, chunk_row const&)> const& visit,
                           on_damage const& damaged);
void read_chunk(store::connection& db, chunk_row const& row, std::vector<observation>& points,
                chunk_part const& part = {});
std::size_t read_chunk_numbers(store::connection& db, chunk_row const& row, std::vector<numeric_point>& points);

// Hides what `hidden` says, then adds `points` (in order of moment), rewriting only the chunks concerned. `data` is the
// greatest id given so far. A chunk that is damaged is set aside, with its bytes, and `damaged` told: the others and what is
// new are not held up.
struct chunk_edit {
  std::int64_t series = 0;
  std::vector<observation> points;
  mask hidden;
};
void apply_edit(store::connection& db, chunk_edit edit, std::int64_t& data, on_damage const& damaged);

// Rough memory beyond its own size.
std::size_t heap_bytes(json::value const& v);
std::size_t heap_bytes(observation const& o);

}  // namespace dos::history_parts
