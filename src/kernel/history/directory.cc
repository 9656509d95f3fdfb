#include "kernel/history/directory.h"

#include <algorithm>
#include <map>

#include "base/crc32c.h"
#include "base/fault.h"
#include "kernel/history/bytes.h"

namespace dos::history_parts {
namespace {

std::optional<series_id> find_in(std::vector<number_run> const& runs, observation_number number) {
  auto const after = std::upper_bound(runs.begin(), runs.end(), number,
                                      [](observation_number n, number_run const& r) { return n < r.first; });
  if (after == runs.begin()) return std::nullopt;
  auto const& r = *(after - 1);
  return number < r.first + r.count ? std::optional(r.series) : std::nullopt;
}

std::optional<std::vector<number_run>> read_block(store::connection& db, std::uint64_t block) {
  auto row = db("SELECT crc32c, bytes FROM observation_block WHERE id = ?");
  row.with(std::int64_t(block));
  if (!row.step()) return std::nullopt;
  require(crc32c(row.bytes(1)) == row.integer(0), fault_kind::internal, "the directory of observations is damaged");
  return decode_runs(row.bytes(1));
}

void add_to_blocks(std::map<std::uint64_t, std::vector<number_run>>& blocks, number_run run) {
  while (run.count != 0) {
    auto const here = std::min(run.count, directory::block_size - run.first % directory::block_size);
    blocks[run.first / directory::block_size].push_back({run.first, here, run.series});
    run.first += here;
    run.count -= here;
  }
}

void write_block(store::connection& db, std::uint64_t block, std::vector<number_run> const& runs) {
  auto const bytes = encode_runs(runs);
  db("INSERT OR REPLACE INTO observation_block(id, crc32c, bytes) VALUES(?, ?, ?)")
      .with(std::int64_t(block), crc32c(bytes), bytes)
      .run();
}

}  // namespace

// Each run: count × 2, odd when numbers are left out before it, which are told then; the series as difference.
std::string encode_runs(std::vector<number_run> const& runs) {
  auto bytes = std::string();
  if (runs.empty()) return bytes;
  auto next = runs.front().first;
  auto series = std::int64_t(0);
  write_varint(bytes, next);
  for (auto const& r : runs) {
    write_varint(bytes, r.count * 2 + (r.first != next));
    if (r.first != next) write_varint(bytes, r.first - next);
    write_signed(bytes, std::int64_t(r.series) - series);
    next = r.first + r.count;
    series = std::int64_t(r.series);
  }
  return bytes;
}

std::vector<number_run> decode_runs(std::string_view bytes) {
  auto runs = std::vector<number_run>();
  auto in = chunk_reader(bytes);
  if (in.left() == 0) return runs;
  auto next = in.varint();
  auto series = std::int64_t(0);
  while (in.left() != 0) {
    auto const head = in.varint();
    if (head % 2) next += in.varint();
    series += in.signed_varint();
    runs.push_back({next, head / 2, series_id(series)});
    next += head / 2;
  }
  return runs;
}

void directory::add(store::position at, series_id series, observation_number number) {
  auto const lock = std::lock_guard(mutex_);
  if (!open_.empty()) {
    auto& [run, position] = open_.back();
    if (position == at && run.series == series && run.first + run.count == number) {
      ++run.count;
      return;
    }
  }
  open_.push_back({{number, 1, series}, at});
}

std::optional<series_id> directory::find_open(observation_number number) const {
  auto const lock = std::lock_guard(mutex_);
  auto const after = std::upper_bound(open_.begin(), open_.end(), number,
                                      [](observation_number n, open_run const& r) { return n < r.run.first; });
  if (after == open_.begin()) return std::nullopt;
  auto const& r = (after - 1)->run;
  return number < r.first + r.count ? std::optional(r.series) : std::nullopt;
}

std::optional<series_id> directory::find_stored(store::connection& db, observation_number number) const {
  auto const runs = read_block(db, number / block_size);
  return runs ? find_in(*runs, number) : std::nullopt;
}

void directory::load(store::connection& db) {
  db.execute(
      "CREATE TABLE IF NOT EXISTS observation_block(id INTEGER PRIMARY KEY, crc32c INTEGER NOT NULL, bytes BLOB NOT "
      "NULL)");
}

observation_number directory::first_stored(store::connection& db) const {
  auto row = db("SELECT id FROM observation_block ORDER BY id LIMIT 1");
  if (!row.step()) return observation_number(INT64_MAX);
  auto const runs = read_block(db, std::uint64_t(row.integer(0)));
  return runs->empty() ? observation_number(INT64_MAX) : runs->front().first;
}

void directory::enter(store::connection& db, std::vector<number_run> const& earlier) const {
  auto blocks = std::map<std::uint64_t, std::vector<number_run>>();
  for (auto const& run : earlier) add_to_blocks(blocks, run);
  for (auto& [id, runs] : blocks) {
    for (auto const& later : read_block(db, id).value_or(std::vector<number_run>())) runs.push_back(later);
    write_block(db, id, runs);
  }
}

void directory::flush(store::connection& db, store::position cursor) {
  auto blocks = std::map<std::uint64_t, std::vector<number_run>>();
  {
    auto const lock = std::lock_guard(mutex_);
    for (auto const& [whole, at] : open_) {
      if (at > cursor) break;
      add_to_blocks(blocks, whole);
    }
  }
  for (auto& [id, added] : blocks) {
    auto runs = read_block(db, id).value_or(std::vector<number_run>());
    for (auto const& r : added) {
      if (!runs.empty() && r.first < runs.back().first + runs.back().count) continue;  // a flush that was done again
      auto const goes_on = !runs.empty() && runs.back().series == r.series && runs.back().first + runs.back().count == r.first;
      if (goes_on) runs.back().count += r.count;
      else runs.push_back(r);
    }
    write_block(db, id, runs);
  }
  flushed_to_ = cursor;
}

void directory::flushed() {
  auto const lock = std::lock_guard(mutex_);
  while (!open_.empty() && open_.front().at <= flushed_to_) open_.pop_front();
}

}  // namespace dos::history_parts
