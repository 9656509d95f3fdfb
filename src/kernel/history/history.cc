#include "kernel/history/history.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <set>
#include <utility>

#include "base/fault.h"
#include "base/log.h"
#include "base/work_budget.h"
#include "kernel/history/chunk_table.h"
#include "kernel/history/directory.h"
#include "kernel/history/tail.h"
#include "kernel/store/sqlite.h"

namespace dos {

using namespace history_parts;

namespace {

constexpr auto all_time =
    time_range{std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};

// Hands observations of the tail and of the chunks out in one order.
class ordered_visit {
 public:
  ordered_visit(range_query const& query, tail_view tail, std::function<bool(observation const&)> const& visit)
      : query_(query), tail_(std::move(tail)), visit_(visit) {
    if (query.descending) std::reverse(tail_.points.begin(), tail_.points.end());
  }

  // False when nobody wants more.
  bool chunk(store::connection& db, chunk_row const& row) {
    if (query_.after && !precedes(*query_.after, query_.descending ? row.about.first : row.about.last)) return true;
    if (!tail_until(query_.descending ? row.about.last : row.about.first)) return false;
    auto part = chunk_part{.from = query_.from, .to = query_.to, .most = SIZE_MAX, .newest = query_.descending};
    auto const read = [&] { read_chunk(db, row, stored_, part); };
    auto seen = std::size_t(0);
    // Many want but the first of the first chunk: the rest is read when they have had enough of these.
    if (is_first_) {
      is_first_ = false;
      if (!row.newest.empty()) {
        if (!hand_out_part([&] { decode_chunk(row.newest, stored_, part); }, seen)) return false;
      }
      part.most = first_look;
      if (!hand_out_part(read, seen)) return false;
      if (seen < first_look) return true;
      part.most = SIZE_MAX;
    }
    return hand_out_part(read, seen);
  }
  void rest() {
    while (next_ != tail_.points.size() && hand_out(tail_.points[next_])) ++next_;
  }
  std::size_t count() const { return count_; }

 private:
  static constexpr std::size_t first_look = 16;

  // Those behind the first `seen`, which is how many were read in the end.
  bool hand_out_part(std::function<void()> const& read, std::size_t& seen) {
    stored_.clear();
    read();
    if (query_.descending) std::reverse(stored_.begin(), stored_.end());
    auto const before = std::exchange(seen, stored_.size());
    return std::all_of(stored_.begin() + std::ptrdiff_t(before), stored_.end(), [&](observation const& o) {
      if (tail_.hidden.hides(o.moment())) return true;
      return tail_until(o.moment()) && hand_out(o);
    });
  }
  bool precedes(moment a, moment b) const { return query_.descending ? b < a : a < b; }
  bool tail_until(moment m) {
    for (; next_ != tail_.points.size() && precedes(tail_.points[next_].moment(), m); ++next_) {
      if (!hand_out(tail_.points[next_])) return false;
    }
    return true;
  }
  bool hand_out(observation const& o) {
    if (stopped_ || count_ == query_.limit) return false;
    if (query_.after && !precedes(*query_.after, o.moment())) return true;
    ++count_;
    stopped_ = !visit_(o);
    return !stopped_ && count_ != query_.limit;
  }

  range_query const& query_;
  tail_view tail_;
  std::function<bool(observation const&)> const& visit_;
  std::vector<observation> stored_;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  bool stopped_ = false;
  bool is_first_ = true;
};

// Puts values into the periods they belong to; they come in the order of the series.
class period_sums {
 public:
  explicit period_sums(std::vector<timestamp> const& boundaries)
      : boundaries_(boundaries), sums_(boundaries.size() - 1) {}

  // The period that holds all from `first` to `last`, if one does.
  value_statistics* find(timestamp first, timestamp last) {
    if (first < boundaries_.front() || first >= boundaries_.back()) return nullptr;
    while (first >= boundaries_[at_ + 1]) ++at_;
    while (first < boundaries_[at_]) --at_;
    return last < boundaries_[at_ + 1] ? &sums_[at_] : nullptr;
  }
  void add(measured const& m) {
    auto* const period = find(m.at.time, m.at.time);
    if (period == nullptr) return;
    ++period->count;
    if (m.value) period->add(*m.value);
  }
  void add(numeric_point const& p) {
    auto* const period = find(p.time, p.time);
    if (period == nullptr) return;
    ++period->count;
    period->add(p.value);
  }
  std::vector<value_statistics> take() { return std::move(sums_); }

 private:
  std::vector<timestamp> const& boundaries_;
  std::vector<value_statistics> sums_;
  std::size_t at_ = 0;
};

}  // namespace

struct history::parts {
  parts(store::state_db& db, history_options limits) : db(db), limits(limits) {
    auto t = db.begin();
    create_chunk_tables(t.sql());
    for_each_damaged(t.sql(), note_damage);
    t.sql().execute("CREATE TABLE IF NOT EXISTS history_flush(id INTEGER PRIMARY KEY, number INTEGER NOT NULL)");
    tail.load(t.sql(), db.cursor(), note_damage);
    directory.load(t.sql());
    complete_directory(t.sql());
    last_data = last_chunk_data(t.sql());
    t.commit();
  }

  // Histories that are older than the directory of observations get it when they are opened.
  void complete_directory(store::connection& sql) {
    constexpr auto numbers_at_once = observation_number(4'000'000);
    struct old_chunk {
      std::int64_t series;
      history_parts::chunk_row row;
    };
    auto const end = directory.first_stored(sql);
    auto chunks = std::vector<old_chunk>();
    auto numbers = std::vector<std::pair<observation_number, series_id>>();
    auto from = end, last = observation_number(0);
    auto const reach = [&](observation_number least, observation_number greatest) {
      from = std::min(from, least);
      last = std::max(last, std::min(greatest, end - 1));
    };
    history_parts::for_each_chunk_before(sql, end, [&](std::int64_t series, history_parts::chunk_row const& row) {
      chunks.push_back({series, row});
      reach(row.about.number_min, row.about.number_max);
    }, note_damage);
    tail.for_each_number([&](series_id, observation_number n) {
      if (n < end) reach(n, n);
    });
    for (; from <= last && from < end; from += numbers_at_once) {
      numbers.clear();
      auto const to = std::min(end, from + numbers_at_once);
      auto const add = [&](series_id series, observation_number n) {
        if (from <= n && n < to) numbers.emplace_back(n, series);
      };
      for (auto const& c : chunks) {
        if (c.row.about.number_max < from || c.row.about.number_min >= to) continue;
        auto points = std::vector<observation>();
        try {
          history_parts::read_chunk(sql, c.row, points);
        } catch (fault const& f) {
          if (!is_damage(f)) throw;
          note_damage({c.series, c.row.about.first, c.row.data, f.detail});
        }
        for (auto const& p : points) add(series_id(c.series), p.number);
      }
      tail.for_each_number(add);
      std::sort(numbers.begin(), numbers.end());
      numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
      auto runs = std::vector<history_parts::number_run>();
      for (auto const& [n, series] : numbers) {
        auto const goes_on = !runs.empty() && runs.back().series == series && runs.back().first + runs.back().count == n;
        if (goes_on) ++runs.back().count;
        else runs.push_back({n, 1, series});
      }
      directory.enter(sql, runs);
    }
  }

  std::size_t for_each(series_id series, range_query const& query,
                       std::function<bool(observation const&)> const& visit) {
    auto range = time_range{query.from.us, query.to.us};
    if (query.after && query.descending && query.after->time.us < range.to_us) range.to_us = query.after->time.us + 1;
    if (query.after && !query.descending) range.from_us = std::max(range.from_us, query.after->time.us);
    if (query.limit == 0 || range.from_us >= range.to_us) return 0;
    // The tail first: what leaves it in between is found in the chunks.
    auto merged = ordered_visit(
        query, tail.view(series, range, query.descending, query.after ? SIZE_MAX : query.limit), visit);
    auto snapshot = db.read();
    for_each_chunk(snapshot.sql(), std::int64_t(series), range, query.descending,
                   [&](chunk_row const& row) {
                     spend(1);  // a chunk is some work
                     return merged.chunk(snapshot.sql(), row);
                   });
    merged.rest();
    return merged.count();
  }

  // A commit that failed may have come through after all: the number of the flush, which it would have stored, tells.
  void flush(store::state_db::transaction& t, store::position cursor, history_options const& how) {
    auto stored = std::int64_t(0);
    {
      auto row = t.sql()("SELECT number FROM history_flush WHERE id = 1");
      if (row.step()) stored = row.integer(0);
    }
    if (unsettled != 0 && unsettled == stored) flushed();
    unsettled = stored + 1;
    t.sql()("INSERT OR REPLACE INTO history_flush(id, number) VALUES(1, ?)").with(unsettled).run();
    tail.flush(t.sql(), cursor, how, last_data, note_damage);
    directory.flush(t.sql(), cursor);
  }
  void flushed() {
    tail.flushed();
    directory.flushed();
    unsettled = 0;
  }

  static bool is_damage(fault const& f) { return f.kind == fault_kind::internal || f.kind == fault_kind::malformed; }

  // Reads of one series; a damage is its own.
  template <typename Read>
  auto reading(series_id series, Read const& read) {
    try {
      return read();
    } catch (fault const& f) {
      if (!is_damage(f)) throw;
      note_damage({std::int64_t(series), {}, 0, f.detail});
      throw fault(fault_kind::internal, "the history of series " + std::to_string(series) + " is damaged: " + f.detail);
    }
  }

  history_parts::on_damage const note_damage = [this](damaged_chunk const& d) {
    constexpr std::size_t damaged_max = 1'000;
    auto const lock = std::lock_guard(damage_mutex);
    if (damaged.size() >= damaged_max || !damaged.insert(d.series).second) return;
    log::error("a part of the history is damaged", {{"series", std::uint64_t(d.series)}, {"from", to_string(d.first.time)}, {"reason", d.reason}});
  };

  store::state_db& db;
  history_options limits;
  history_parts::tail tail;
  history_parts::directory directory;
  std::int64_t last_data = 0;
  std::int64_t unsettled = 0;  // the number of a flush of which nobody said that it was committed
  mutable std::mutex damage_mutex;
  std::set<std::int64_t> damaged;  // series; 0: of several
};

history::history(store::state_db& db, history_options limits) : parts_(std::make_unique<parts>(db, limits)) {}
history::~history() = default;

void history::add(store::position at, series_id series, observation o) {
  parts_->directory.add(at, series, o.number);
  parts_->tail.add(at, series, std::move(o));
}
void history::change(store::position at, series_id series, observation o) {
  parts_->tail.change(at, series, std::move(o));
}
void history::fetch_ahead(std::span<series_id const> series) const { parts_->tail.fetch_ahead(series); }
void history::remove(store::position at, series_id series, observation_number number) {
  parts_->tail.remove(at, series, number);
}
void history::remove_range(store::position at, series_id series, timestamp from, timestamp to) {
  parts_->tail.remove_range(at, series, {from.us, to.us});
}
void history::remove_series(store::position at, series_id series) { parts_->tail.remove_range(at, series, all_time); }

// Who looks for the last one mostly takes the first that comes and must not pay for a copy of many.
std::size_t history::for_each(series_id series, range_query const& query,
                              std::function<bool(observation const&)> const& visit) const {
  constexpr std::size_t few = 16;
  if (!query.descending || query.after || query.limit <= few) {
    return parts_->reading(series, [&] { return parts_->for_each(series, query, visit); });
  }
  auto first = query, rest = query;
  first.limit = few;
  auto goes_on = true;
  auto const n = parts_->reading(series, [&] {
    return parts_->for_each(series, first, [&](observation const& o) {
      rest.after = o.moment();
      return goes_on = visit(o);
    });
  });
  if (!goes_on || n < few) return n;
  rest.limit -= n;
  return n + parts_->reading(series, [&] { return parts_->for_each(series, rest, visit); });
}

std::vector<observation> history::range(series_id series, range_query const& query) const {
  auto found = std::vector<observation>();
  for_each(series, query, [&](observation const& o) { return found.push_back(o), true; });
  return found;
}

std::optional<observation> history::last(series_id series) const {
  auto found = std::optional<observation>();
  for_each(series, {.from = {all_time.from_us}, .limit = 1, .descending = true, .after = {}},
           [&](observation const& o) {
             found = o;
             return false;
           });
  return found;
}

std::optional<observation> history::find(series_id series, observation_number number) const {
  if (auto const found = parts_->tail.find(series, number)) return found;
  auto const hidden = parts_->tail.view(series, all_time, false, 0).hidden;
  auto snapshot = parts_->db.read();
  auto found = std::optional<observation>();
  auto points = std::vector<observation>();
  for_each_chunk_with(snapshot.sql(), std::int64_t(series), number, [&](chunk_row const& row) {
    points.clear();
    read_chunk(snapshot.sql(), row, points);
    auto const at =
        std::find_if(points.begin(), points.end(), [&](observation const& o) { return o.number == number; });
    if (at != points.end()) found = std::move(*at);
    return !found;
  });
  if (found && hidden.hides(found->moment())) return std::nullopt;
  return found;
}

std::optional<series_id> history::find_series_of(observation_number number) const {
  if (auto const found = parts_->directory.find_open(number)) return found;
  auto snapshot = parts_->db.read();
  return parts_->directory.find_stored(snapshot.sql(), number);
}

std::optional<series_statistics> history::statistics_of(series_id series) const {
  auto s = series_statistics();
  auto const include = [&](moment first, moment last, std::uint64_t n) {
    s.first = s.count == 0 ? first : std::min(s.first, first);
    s.last = s.count == 0 ? last : std::max(s.last, last);
    s.count += n;
  };
  auto const tail = parts_->tail.values(series, all_time);
  auto snapshot = parts_->db.read();
  auto points = std::vector<observation>();
  for_each_chunk(snapshot.sql(), std::int64_t(series), all_time, false, [&](chunk_row const& row) {
    spend(1);
    if (!tail.hidden.may_hide_in(row.about)) {
      include(row.about.first, row.about.last, row.about.values.count);
      return true;
    }
    points.clear();
    read_chunk(snapshot.sql(), row, points);
    for (auto const& o : points) {
      if (!tail.hidden.hides(o.moment())) include(o.moment(), o.moment(), 1);
    }
    return true;
  });
  for (auto const& o : tail.points) include(o.moment(), o.moment(), 1);
  return s.count == 0 ? std::nullopt : std::optional(s);
}

std::vector<value_statistics> history::aggregate(series_id series, std::vector<timestamp> const& boundaries) const {
  if (boundaries.size() < 2) return {};
  auto const range = time_range{boundaries.front().us, boundaries.back().us};
  auto sums = period_sums(boundaries);
  auto const tail = parts_->tail.values(series, range);
  auto next = tail.points.begin();
  auto const tail_until = [&](moment m) {
    for (; next != tail.points.end() && next->moment() < m; ++next) sums.add(*next);
  };
  auto snapshot = parts_->db.read();
  auto numbers = std::vector<numeric_point>();
  auto points = std::vector<observation>();
  for_each_chunk(snapshot.sql(), std::int64_t(series), range, false, [&](chunk_row const& row) {
    spend(1);
    auto const& about = row.about;
    tail_until(about.first);
    auto const alone = !tail.hidden.may_hide_in(about) && (next == tail.points.end() || next->moment() > about.last);
    if (alone) {
      if (auto* const period = sums.find(about.first.time, about.last.time)) {
        period->add(about.values);
        return true;
      }
      if (about.values.numbers == about.values.count) {
        numbers.clear();
        read_chunk_numbers(snapshot.sql(), row, numbers);
        for (auto const& p : numbers) sums.add(p);
        return true;
      }
    }
    points.clear();
    read_chunk(snapshot.sql(), row, points);
    for (auto const& o : points) {
      if (tail.hidden.hides(o.moment())) continue;
      tail_until(o.moment());
      sums.add(measured{o.moment(), numeric_value(o.value)});
    }
    return true;
  });
  for (; next != tail.points.end(); ++next) sums.add(*next);
  return sums.take();
}

void history::flush(store::state_db::transaction& t, store::position cursor) {
  parts_->flush(t, cursor, parts_->limits);
}

void history::flush_all(store::state_db::transaction& t, store::position cursor) {
  parts_->flush(t, cursor, {.tail_bytes_max = parts_->limits.tail_bytes_max, .flush_points = 1});
}

void history::flushed() {
  parts_->flushed();
}

std::string history::trouble() const {
  constexpr std::size_t named_max = 5;
  auto const lock = std::lock_guard(parts_->damage_mutex);
  if (parts_->damaged.empty()) return {};
  auto text = std::string("a part of the history is damaged, of series");
  auto n = std::size_t(0);
  for (auto const series : parts_->damaged) {
    if (n++ == named_max) return text + " and others; `dos doctor` names all";
    text += (n == 1 ? " " : ", ") + std::to_string(series);
  }
  return text + "; `dos doctor` says more";
}

bool history::wants_flush() const { return tail_bytes() > parts_->limits.tail_bytes_max / 8 * 7; }
std::size_t history::tail_bytes() const { return parts_->tail.bytes(); }

void history::expire(store::state_db::transaction& t, series_id series, timestamp before) {
  auto edit = chunk_edit{.series = std::int64_t(series), .points = {}, .hidden = {}};
  edit.hidden.ranges.push_back({all_time.from_us, before.us});
  apply_edit(t.sql(), std::move(edit), parts_->last_data, parts_->note_damage);
}

std::vector<std::string> history::damages() const {
  auto found = std::vector<std::string>();
  auto snapshot = parts_->db.read();
  auto& db = snapshot.sql();
  for_each_damaged(db, [&](damaged_chunk const& d) {
    found.push_back("series " + std::to_string(d.series) + ", chunk from " + to_string(d.first.time) + ", set aside: " + d.reason);
  });
  auto rows = db("SELECT series, first_time, bytes, newest FROM chunk JOIN chunk_data ON id = data");
  auto points = std::vector<observation>();
  while (rows.step()) {
    try {
      points.clear();
      decode_chunk(rows.bytes(2), points);
      if (!rows.bytes(3).empty()) decode_chunk(rows.bytes(3), points);
    } catch (fault const& f) {
      found.push_back("series " + std::to_string(rows.integer(0)) + ", chunk from " +
                      to_string(timestamp{rows.integer(1)}) + ": " + f.detail);
    }
  }
  return found;
}

}  // namespace dos
