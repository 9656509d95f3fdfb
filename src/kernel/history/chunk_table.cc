#include "kernel/history/chunk_table.h"

#include <cmath>
#include <iterator>
#include <limits>
#include <optional>

#include "base/crc32c.h"
#include "base/fault.h"

namespace dos::history_parts {
namespace {

constexpr std::int64_t time_end = std::numeric_limits<std::int64_t>::max();

#define DOS_CHUNK_COLUMNS                                                                                           \
  "first_time, first_number, last_time, last_number, number_min, number_max, count, numbers, sum, sum_of_squares, " \
  "min, max, first, last, data, crc32c"

// SQLite knows no NaN (it becomes NULL, and back) and no -0.0.
double canonical(double d) { return std::isnan(d) ? std::numeric_limits<double>::quiet_NaN() : d + 0.0; }

std::uint32_t row_checksum(chunk_row const& r) {
  auto const& v = r.about.values;
  std::uint64_t const integers[] = {std::uint64_t(r.about.first.time.us),
                                    r.about.first.number,
                                    std::uint64_t(r.about.last.time.us),
                                    r.about.last.number,
                                    r.about.number_min,
                                    r.about.number_max,
                                    v.count,
                                    v.numbers,
                                    std::uint64_t(r.data)};
  double const reals[] = {canonical(v.sum), canonical(v.sum_of_squares), canonical(v.min),
                          canonical(v.max), canonical(v.first),          canonical(v.last)};
  return crc32c({reinterpret_cast<char const*>(reals), sizeof reals},
                crc32c({reinterpret_cast<char const*>(integers), sizeof integers}));
}

// The last value of a series is asked for most, and whoever shows one looks at the next to tell whether there is more:
// they stand in the row itself, unless all of the chunk is hardly longer.
constexpr std::size_t newest_points = 2;
constexpr std::size_t newest_worth_from = 16;
constexpr int newest_column = 16;

double real_of(store::statement const& s, int column) {
  return s.is_null(column) ? std::numeric_limits<double>::quiet_NaN() : s.real(column);
}

chunk_row row_of(store::statement const& s) {
  auto row = chunk_row();
  row.about.first = {{s.integer(0)}, observation_number(s.integer(1))};
  row.about.last = {{s.integer(2)}, observation_number(s.integer(3))};
  row.about.number_min = observation_number(s.integer(4));
  row.about.number_max = observation_number(s.integer(5));
  row.about.values = {.count = std::uint64_t(s.integer(6)),
                      .numbers = std::uint64_t(s.integer(7)),
                      .sum = real_of(s, 8),
                      .sum_of_squares = real_of(s, 9),
                      .min = real_of(s, 10),
                      .max = real_of(s, 11),
                      .first = real_of(s, 12),
                      .last = real_of(s, 13)};
  row.data = s.integer(14);
  require(row_checksum(row) == s.integer(15), fault_kind::internal, "the statistics of a chunk are damaged");
  return row;
}

void erase_row(store::connection& db, std::int64_t series, moment first) {
  db("DELETE FROM chunk WHERE series = ? AND first_time = ? AND first_number = ?")
      .with(series, first.time.us, first.number)
      .run();
}

void write_chunk(store::connection& db, std::int64_t series, std::span<observation const> points, bool sealed,
                 std::int64_t data) {
  auto const row = chunk_row{summarise(points), data, {}};
  auto const& a = row.about;
  auto const& v = a.values;
  auto const bytes = encode_chunk(points, sealed);
  auto const newest =
      points.size() < newest_worth_from ? std::string() : encode_chunk(points.last(newest_points), false);
  db("INSERT OR REPLACE INTO chunk_data(id, bytes) VALUES(?, ?)").with(data, bytes).run();
  db("INSERT INTO chunk(series, " DOS_CHUNK_COLUMNS ", newest) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .with(series, a.first.time.us, a.first.number, a.last.time.us, a.last.number, a.number_min, a.number_max, v.count,
            v.numbers, v.sum, v.sum_of_squares, v.min, v.max, v.first, v.last, data, row_checksum(row), newest)
      .run();
}

// Where to cut: all pieces full but the last when more will be appended, else all about equal; long values cut earlier.
std::vector<std::span<observation const>> pieces_of(std::vector<observation> const& points, bool at_end) {
  auto const count = (points.size() + chunk_points_max - 1) / chunk_points_max;
  auto const length = at_end ? chunk_points_max : (points.size() + count - 1) / std::max<std::size_t>(count, 1);
  auto pieces = std::vector<std::span<observation const>>();
  auto start = std::size_t(0);
  auto bytes = std::size_t(0);
  for (auto i = std::size_t(0); i != points.size(); ++i) {
    auto const more = heap_bytes(points[i]);
    if (i != start && (i - start == length || bytes + more > chunk_bytes_max)) {
      pieces.push_back(std::span(points).subspan(start, i - start));
      start = i;
      bytes = 0;
    }
    bytes += more;
  }
  if (start != points.size()) pieces.push_back(std::span(points).subspan(start));
  return pieces;
}

// Writes `points` in the place of `old`, if any.
void replace_chunk(store::connection& db, std::int64_t series, std::optional<chunk_row> const& old,
                   std::vector<observation> const& points, bool at_end, std::int64_t& data) {
  if (old) erase_row(db, series, old->about.first);
  auto const pieces = pieces_of(points, at_end);
  if (old && pieces.empty()) db("DELETE FROM chunk_data WHERE id = ?").with(old->data).run();
  for (auto const& piece : pieces) {
    auto const is_first = piece.data() == pieces.front().data();
    auto const open = at_end && piece.data() == pieces.back().data() && piece.size() < chunk_points_max;
    write_chunk(db, series, piece, !open, old && is_first ? old->data : ++data);
  }
}

// What a damaged row says of itself may be wrong, but for its place.
damaged_chunk damage_of(store::statement const& s, std::int64_t series, fault const& f) {
  return {series, {{s.integer(0)}, observation_number(s.integer(1))}, s.integer(14), f.detail};
}

void set_aside(store::connection& db, damaged_chunk const& d) {
  db("INSERT INTO chunk_damaged(series, first_time, first_number, data, reason) VALUES(?, ?, ?, ?, ?)")
      .with(d.series, d.first.time.us, d.first.number, d.data, d.reason)
      .run();
  erase_row(db, d.series, d.first);
}

// Beginning with the last one that starts before the range. Without `damaged` a damaged row is a fault.
void for_each_candidate(store::connection& db, std::int64_t series, time_range range, bool descending,
                        std::function<bool(chunk_row const&)> const& visit, on_damage const& damaged = {}) {
  static auto const from_there = std::string(
      " FROM chunk WHERE series = ?1 AND first_time >= coalesce((SELECT max(first_time) FROM chunk WHERE series = ?1 AND "
      "first_time < ?2), ?2) AND first_time < ?3 ORDER BY ");
  static auto const ascending_text = "SELECT " DOS_CHUNK_COLUMNS + from_there + "first_time, first_number";
  static auto const descending_text =
      "SELECT " DOS_CHUNK_COLUMNS ", newest" + from_there + "first_time DESC, first_number DESC";
  auto rows = db(descending ? descending_text : ascending_text);
  rows.with(series, range.from_us, range.to_us);
  while (rows.step()) {
    auto row = chunk_row();
    try {
      row = row_of(rows);
    } catch (fault const& f) {
      if (!damaged) throw;
      damaged(damage_of(rows, series, f));
      continue;
    }
    if (descending) row.newest = rows.bytes(newest_column);
    if (!visit(row)) return;
  }
}

std::vector<chunk_row> rows_concerned(store::connection& db, chunk_edit const& edit, on_damage const& damaged) {
  auto rows = std::vector<chunk_row>();
  auto broken = std::vector<damaged_chunk>();
  auto const note = [&](damaged_chunk const& d) { broken.push_back(d); };
  auto const keep = [&](chunk_row const& r) { return rows.push_back(r), true; };
  if (!edit.hidden.empty()) {
    for_each_candidate(db, edit.series, {INT64_MIN, time_end}, false, keep, note);
  } else if (!edit.points.empty()) {
    for_each_candidate(db, edit.series, {edit.points.front().time.us, time_end}, false, keep, note);
  }
  for (auto const& d : broken) {
    set_aside(db, d);
    damaged(d);
  }
  return rows;
}

}  // namespace

bool mask::may_hide_in(chunk_summary const& s) const {
  if (numbers.meets(s.number_min, s.number_max)) return true;
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](time_range r) { return r.from_us <= s.last.time.us && s.first.time.us < r.to_us; });
}

bool mask::hides_all(chunk_summary const& s) const {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](time_range r) { return r.contains(s.first.time) && r.contains(s.last.time); });
}

void create_chunk_tables(store::connection& db) {
  db.execute(R"(
    CREATE TABLE IF NOT EXISTS chunk(
      series INTEGER, first_time INTEGER, first_number INTEGER, last_time INTEGER, last_number INTEGER,
      number_min INTEGER, number_max INTEGER, count INTEGER, numbers INTEGER,
      sum REAL, sum_of_squares REAL, min REAL, max REAL, first REAL, last REAL, data INTEGER, crc32c INTEGER, newest BLOB,
      PRIMARY KEY(series, first_time, first_number)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS chunk_data(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS chunk_damaged(
      id INTEGER PRIMARY KEY, series INTEGER, first_time INTEGER, first_number INTEGER, data INTEGER, reason TEXT))");
  // Tables of older programs get the column, their chunks its content when they are written again.
  auto has_newest = db("SELECT 1 FROM pragma_table_info('chunk') WHERE name = 'newest'");
  if (!has_newest.step()) db.execute("ALTER TABLE chunk ADD COLUMN newest BLOB");
}

void for_each_damaged(store::connection& db, on_damage const& visit) {
  auto rows = db("SELECT series, first_time, first_number, data, reason FROM chunk_damaged");
  while (rows.step()) {
    visit({rows.integer(0), {{rows.integer(1)}, observation_number(rows.integer(2))}, rows.integer(3), std::string(rows.bytes(4))});
  }
}

std::int64_t last_chunk_data(store::connection& db) {
  auto row = db("SELECT max(id) FROM chunk_data");
  return row.step() ? row.integer(0) : 0;
}

void for_each_chunk(store::connection& db, std::int64_t series, time_range range, bool descending,
                    std::function<bool(chunk_row const&)> const& visit) {
  for_each_candidate(db, series, range, descending,
                     [&](chunk_row const& row) { return row.about.last.time.us < range.from_us || visit(row); });
}

void for_each_chunk_with(store::connection& db, std::int64_t series, observation_number number,
                         std::function<bool(chunk_row const&)> const& visit) {
  auto rows = db("SELECT " DOS_CHUNK_COLUMNS " FROM chunk WHERE series = ?1 AND number_min <= ?2 AND number_max >= ?2");
  rows.with(series, number);
  while (rows.step() && visit(row_of(rows))) {
  }
}

void for_each_chunk_before(store::connection& db, observation_number number,
                           std::function<void(std::int64_t series, chunk_row const&)> const& visit,
                           on_damage const& damaged) {
  auto rows = db("SELECT " DOS_CHUNK_COLUMNS ", series FROM chunk WHERE number_min < ?");
  rows.with(std::int64_t(number));
  while (rows.step()) {
    auto row = chunk_row();
    try {
      row = row_of(rows);
    } catch (fault const& f) {
      damaged(damage_of(rows, rows.integer(16), f));
      continue;
    }
    visit(rows.integer(16), row);
  }
}

void read_chunk(store::connection& db, chunk_row const& row, std::vector<observation>& points, chunk_part const& part) {
  auto data = db("SELECT bytes FROM chunk_data WHERE id = ?");
  require(data.with(row.data).step(), fault_kind::internal, "the bytes of a chunk are missing");
  decode_chunk(data.bytes(0), points, part);
}

std::size_t read_chunk_numbers(store::connection& db, chunk_row const& row, std::vector<numeric_point>& points) {
  auto data = db("SELECT bytes FROM chunk_data WHERE id = ?");
  require(data.with(row.data).step(), fault_kind::internal, "the bytes of a chunk are missing");
  return decode_numbers(data.bytes(0), points);
}

void apply_edit(store::connection& db, chunk_edit edit, std::int64_t& data, on_damage const& damaged) {
  auto const rows = rows_concerned(db, edit, damaged);
  auto next = edit.points.begin();
  if (rows.empty()) {
    replace_chunk(db, edit.series, std::nullopt, edit.points, true, data);
    return;
  }
  for (auto row = rows.begin(); row != rows.end(); ++row) {
    auto const at_end = row + 1 == rows.end();
    auto const end = at_end ? edit.points.end() : std::find_if(next, edit.points.end(), [&](observation const& o) {
      return o.moment() >= row[1].about.first;
    });
    auto const masked = edit.hidden.may_hide_in(row->about);
    if (next == end && !masked) continue;
    auto const full = row->about.values.count >= chunk_points_max;
    if (!masked && full && next->moment() > row->about.last) {  // nothing to open: a new chunk behind it
      replace_chunk(db, edit.series, std::nullopt, {std::make_move_iterator(next), std::make_move_iterator(end)},
                    at_end, data);
      next = end;
      continue;
    }
    auto stored = std::vector<observation>();
    auto old = std::optional(*row);
    try {
      if (!edit.hidden.hides_all(row->about)) read_chunk(db, *row, stored);
    } catch (fault const& f) {
      if (f.kind != fault_kind::internal && f.kind != fault_kind::malformed) throw;
      auto const d = damaged_chunk{edit.series, row->about.first, row->data, f.detail};
      set_aside(db, d);
      damaged(d);
      stored.clear();
      old.reset();
    }
    std::erase_if(stored, [&](observation const& o) { return edit.hidden.hides(o.moment()); });
    if (next == end && (!old || stored.size() == row->about.values.count)) continue;  // the number was not in this one
    auto merged = std::vector<observation>();
    merged.reserve(stored.size() + std::size_t(end - next));
    std::merge(std::make_move_iterator(stored.begin()), std::make_move_iterator(stored.end()),
               std::make_move_iterator(next), std::make_move_iterator(end), std::back_inserter(merged),
               [](observation const& a, observation const& b) { return a.moment() < b.moment(); });
    next = end;
    replace_chunk(db, edit.series, old, merged, at_end, data);
  }
}

std::size_t heap_bytes(json::value const& v) {
  switch (v.kind()) {
    case json::kind::string:
      return v.as_string().size();
    case json::kind::array: {
      auto sum = std::size_t(24);
      for (auto const& item : v.as_array()) sum += sizeof item + heap_bytes(item);
      return sum;
    }
    case json::kind::object: {
      auto sum = std::size_t(24);
      for (auto const& m : v.as_object()) sum += sizeof m + m.key.size() + heap_bytes(m.value);
      return sum;
    }
    default:
      return 0;
  }
}

std::size_t heap_bytes(observation const& o) { return heap_bytes(o.value) + heap_bytes(o.extras); }

}  // namespace dos::history_parts
