#include "kernel/history/tail.h"

#include <algorithm>
#include <limits>

#include "base/crc32c.h"
#include "base/fault.h"

namespace dos::history_parts {
namespace {

// In a raw row an entry is a series' number times two, plus one when it only says that older rows hold nothing valid of
// this series any more. Otherwise count and points follow.
struct raw_point_writer {
  std::string& out;
  std::uint64_t number = 0;
  std::uint64_t time = 0;

  void write(observation const& o) {
    write_signed(out, std::int64_t(o.number - number));
    write_signed(out, std::int64_t(std::uint64_t(o.time.us) - time));
    write_value(out, o.value);
    write_value(out, o.extras);
    number = o.number;
    time = std::uint64_t(o.time.us);
  }
};

}  // namespace

observation tail::point::observation() const {
  auto o = dos::observation{.number = number, .time = time, .value = value, .extras = {}};
  if (extras) o.extras = extras->value;
  if (modified_us != none) set_extra(o, extra::modified_at, timestamp{modified_us});
  return o;
}

tail::edits& tail::open_series::hide() {
  if (!hidden) hidden = std::make_unique<edits>();
  return *hidden;
}

std::size_t tail::open_series::due(store::position after, store::position until) const {
  if (last_at <= after) return 0;
  return std::size_t(
      std::count_if(points.begin(), points.end(), [&](point const& p) { return p.at > after && p.at <= until; }));
}

tail::open_series* tail::find_open(shard const& in, series_id s) {
  auto const i = s / shard_count;
  return i < in.series.size() ? in.series[i].get() : nullptr;
}

tail::open_series& tail::open(shard& in, series_id s) {
  auto const i = s / shard_count;
  if (i >= in.series.size()) in.series.resize(std::max<std::size_t>(i + 1, in.series.size() * 3 / 2));
  if (!in.series[i]) {
    in.series[i] = std::make_unique<open_series>();
    bytes_ += sizeof(open_series);
  }
  return *in.series[i];
}

void tail::close(shard& in, series_id s) {
  in.series[s / shard_count].reset();
  bytes_ -= sizeof(open_series);
}

template <typename Visit>
void tail::for_each_open(shard const& in, std::size_t index, Visit const& visit) {
  constexpr auto ahead = std::size_t(8);  // each lies somewhere else in memory
  for (auto i = std::size_t(0); i < in.series.size(); ++i) {
    if (i + ahead < in.series.size()) __builtin_prefetch(in.series[i + ahead].get());
    if (in.series[i]) visit(series_id(i * shard_count + index), *in.series[i]);
  }
}

tail::point tail::pack(open_series const& s, dos::observation o, store::position at) {
  auto p = point{.time = o.time, .number = o.number, .value = std::move(o.value), .extras = {}, .at = at};
  if (auto const modified = find_time(o, extra::modified_at)) {
    p.modified_us = modified->us;
    set_extra(o, extra::modified_at, json::value());
  }
  if (o.extras.is_null()) return p;
  auto const take = [&](ref<shared_extras const> const& known) {
    if (!known || !identical(known->value, o.extras)) return false;
    p.extras = known;
    return true;
  };
  if (!s.points.empty() && take(s.points.back().extras)) return p;
  if (std::any_of(extras_.begin(), extras_.end(), take)) return p;
  auto fresh = shared_extras();
  fresh.bytes = sizeof fresh + heap_bytes(o.extras);
  fresh.value = std::move(o.extras);
  p.shared_bytes = std::uint32_t(fresh.bytes);
  p.extras = make_ref<shared_extras>(std::move(fresh));
  extras_[next_extras_++ % extras_.size()] = p.extras;
  return p;
}

void tail::insert(open_series& s, dos::observation o, store::position at) {
  auto p = pack(s, std::move(o), at);
  auto const more = p.bytes();
  auto place = s.points.end();
  if (!s.points.empty() && p.moment() < s.points.back().moment()) {
    place = std::upper_bound(s.points.begin(), s.points.end(), p.moment(),
                             [](moment m, point const& other) { return m < other.moment(); });
  }
  s.last_at = std::max(s.last_at, p.at);
  s.points.insert(place, std::move(p));
  s.bytes += more;
  bytes_ += more;
}

template <typename Predicate>
void tail::drop_points(open_series& s, Predicate const& dropped) {
  auto gone = std::size_t(0);
  std::erase_if(s.points, [&](point const& p) {
    if (!dropped(p)) return false;
    gone += p.bytes();
    return true;
  });
  s.bytes -= gone;
  bytes_ -= gone;
}

void tail::add(store::position at, series_id series, observation o) {
  auto& shard = shard_of(series);
  auto const lock = std::scoped_lock(shard.mutex);
  insert(open(shard, series), std::move(o), at);
}

void tail::fetch_ahead(std::span<series_id const> all) const {
  for (auto const s : all) {
    auto const& list = shard_of(s).series;
    if (s / shard_count < list.size()) __builtin_prefetch(&list[s / shard_count]);
  }
  auto const each = [&](auto const& fetch) {
    for (auto const s : all) {
      auto const& shard = shard_of(s);
      auto const lock = std::scoped_lock(shard.mutex);
      if (auto const* const open = find_open(shard, s)) fetch(*open);
    }
  };
  each([](open_series const& s) { __builtin_prefetch(&s); });
  each([](open_series const& s) {
    if (!s.points.empty()) __builtin_prefetch(&s.points.back());
    __builtin_prefetch(s.points.data() + s.points.size());
  });
}

void tail::change(store::position at, series_id series, observation o) {
  auto& shard = shard_of(series);
  auto const lock = std::scoped_lock(shard.mutex);
  auto& s = open(shard, series);
  drop_points(s, [&](point const& p) { return p.number == o.number; });
  s.hide().numbers.push_back({o.number, at});
  insert(s, std::move(o), at);
}

void tail::remove(store::position at, series_id series, observation_number number) {
  auto& shard = shard_of(series);
  auto const lock = std::scoped_lock(shard.mutex);
  auto& s = open(shard, series);
  drop_points(s, [&](point const& p) { return p.number == number; });
  s.hide().numbers.push_back({number, at});
}

void tail::remove_range(store::position at, series_id series, time_range range) {
  auto& shard = shard_of(series);
  auto const lock = std::scoped_lock(shard.mutex);
  auto& s = open(shard, series);
  drop_points(s, [&](point const& p) { return range.contains(p.time); });
  s.hide().ranges.push_back({range, at});
}

template <typename Point, typename Make>
tail_part<Point> tail::part(series_id series, time_range range, bool descending, std::size_t limit,
                            Make const& make) const {
  auto v = tail_part<Point>();
  auto const& shard = shard_of(series);
  {
    auto const lock = std::scoped_lock(shard.mutex);
    auto const* const found = find_open(shard, series);
    if (!found) return v;
    auto const& s = *found;
    auto const before = [](point const& p, std::int64_t us) { return p.time.us < us; };
    auto first = std::lower_bound(s.points.begin(), s.points.end(), range.from_us, before);
    auto end = std::lower_bound(first, s.points.end(), range.to_us, before);
    if (std::size_t(end - first) > limit) {
      if (descending) {
        first = end - std::ptrdiff_t(limit);
      } else {
        end = first + std::ptrdiff_t(limit);
      }
    }
    v.points.reserve(std::size_t(end - first));
    for (auto p = first; p != end; ++p) v.points.push_back(make(*p));
    if (s.hidden) {
      for (auto const& n : s.hidden->numbers) v.hidden.numbers.add(n.number);
      for (auto const& r : s.hidden->ranges) v.hidden.ranges.push_back(r.range);
    }
  }
  // A flush that commits between this and the look at the chunks makes them hold these points as well.
  for (auto const& o : v.points) v.hidden.numbers.add(o.moment().number);
  v.hidden.numbers.settle();
  return v;
}

tail_view tail::view(series_id series, time_range range, bool descending, std::size_t limit) const {
  return part<observation>(series, range, descending, limit, [](point const& p) { return p.observation(); });
}

tail_values tail::values(series_id series, time_range range) const {
  return part<measured>(series, range, false, SIZE_MAX,
                        [](point const& p) { return measured{p.moment(), numeric_value(p.value)}; });
}

std::optional<observation> tail::find(series_id series, observation_number number) const {
  auto const& shard = shard_of(series);
  auto const lock = std::scoped_lock(shard.mutex);
  auto const* const found = find_open(shard, series);
  if (!found) return std::nullopt;
  for (auto const& p : found->points) {
    if (p.number == number) return p.observation();
  }
  return std::nullopt;
}

tail::row_id tail::oldest_row_worth_keeping(std::size_t bytes_max) const {
  auto total = std::size_t(0);
  for (auto const& row : rows_) total += row.bytes;
  if (total <= bytes_max) return 0;
  auto kept = std::size_t(0);
  for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
    kept += row->bytes;
    if (kept > bytes_max / 2) return row->id;
  }
  return 0;
}

// Which series go into their chunks now: edited ones, those with enough new points, and, as far as the bounds of memory
// and of raw rows demand, those that lie in the oldest rows and those with the most points: a chunk costs the same to open
// for one point as for many.
std::vector<series_id> tail::choose(store::position cursor, history_options const& limits) const {
  struct candidate {
    std::size_t bytes;
    series_id id;
  };
  auto const keep_from = oldest_row_worth_keeping(limits.tail_bytes_max);
  auto chosen = std::vector<series_id>();
  auto waiting = std::vector<candidate>();
  auto left = std::size_t(0);
  auto const is_due = [&](auto const& entry) { return entry.at <= cursor; };
  for (auto i = std::size_t(0); i < shard_count; ++i) {
    auto const lock = std::scoped_lock(shards_[i].mutex);
    for_each_open(shards_[i], i, [&](series_id id, open_series const& s) {
      auto const due = s.last_at <= cursor ? s.points.size() : s.due(0, cursor);
      auto const is_edited = s.hidden && (std::any_of(s.hidden->numbers.begin(), s.hidden->numbers.end(), is_due) ||
                                          std::any_of(s.hidden->ranges.begin(), s.hidden->ranges.end(), is_due));
      auto const since = s.saved_since == 0 ? last_row_ + 1 : s.saved_since;
      if (due >= limits.flush_points || is_edited || (due != 0 && since < keep_from)) {
        chosen.push_back(id);
      } else if (due != 0) {
        waiting.push_back({s.bytes + sizeof s, id});
        left += waiting.back().bytes;
      }
    });
  }
  if (left <= limits.tail_bytes_max / 4 * 3) return chosen;
  std::sort(waiting.begin(), waiting.end(), [](candidate const& a, candidate const& b) { return a.bytes > b.bytes; });
  for (auto const& c : waiting) {
    if (left <= limits.tail_bytes_max / 2) break;
    chosen.push_back(c.id);
    left -= c.bytes;
  }
  return chosen;
}

chunk_edit tail::edit_of(series_id series, store::position cursor) const {
  auto edit = chunk_edit{.series = std::int64_t(series), .points = {}, .hidden = {}};
  auto const& shard = shard_of(series);
  auto const lock = std::scoped_lock(shard.mutex);
  auto const* const found = find_open(shard, series);
  if (!found) return edit;
  edit.points.reserve(found->points.size());
  for (auto const& p : found->points) {
    if (p.at <= cursor) edit.points.push_back(p.observation());
  }
  if (!found->hidden) return edit;
  for (auto const& n : found->hidden->numbers) {
    if (n.at <= cursor) edit.hidden.numbers.add(n.number);
  }
  for (auto const& r : found->hidden->ranges) {
    if (r.at <= cursor) edit.hidden.ranges.push_back(r.range);
  }
  edit.hidden.numbers.settle();
  return edit;
}

void tail::flush(store::connection& db, store::position cursor, history_options const& limits, std::int64_t& data,
                 on_damage const& damaged) {
  plan_ = {.cursor = cursor, .chunked = choose(cursor, limits), .saved = {}, .row = {}, .needed_from = last_row_ + 1};
  std::sort(plan_.chunked.begin(), plan_.chunked.end());  // as they lie in the database
  for (auto const id : plan_.chunked) apply_edit(db, edit_of(id, cursor), data, damaged);
  save_row(db, {plan_.chunked.begin(), plan_.chunked.end()});
  db("DELETE FROM tail WHERE id < ?").with(plan_.needed_from).run();
}

void tail::save_row(store::connection& db, std::unordered_set<series_id> const& chunked) {
  auto entries = std::string();
  auto obsolete = std::string();
  for (auto i = std::size_t(0); i < shard_count; ++i) {
    auto const lock = std::scoped_lock(shards_[i].mutex);
    for_each_open(shards_[i], i, [&](series_id id, open_series const& s) {
      if (!chunked.empty() && chunked.contains(id)) {
        if (s.saved_since != 0) write_varint(obsolete, id * 2 + 1);
        return;
      }
      if (s.saved_since != 0) plan_.needed_from = std::min(plan_.needed_from, s.saved_since);
      auto const count = s.due(saved_cursor_, plan_.cursor);
      if (count == 0) return;
      write_varint(entries, id * 2);
      write_varint(entries, count);
      auto writer = raw_point_writer{entries};
      for (auto const& p : s.points) {
        if (p.at > saved_cursor_ && p.at <= plan_.cursor) writer.write(p.observation());
      }
      plan_.saved.push_back(id);
    });
  }
  if (plan_.needed_from > last_row_) obsolete.clear();  // no older row stays
  auto const bytes = obsolete + entries;
  if (bytes.empty()) return;
  plan_.row = saved_row{last_row_ + 1, bytes.size()};
  db("INSERT OR REPLACE INTO tail(id, crc32c, bytes) VALUES(?, ?, ?)").with(plan_.row->id, crc32c(bytes), bytes).run();
}

void tail::flushed() {
  if (plan_.cursor == 0) return;  // nothing was flushed
  auto const is_done = [&](auto const& entry) { return entry.at <= plan_.cursor; };
  for (auto const id : plan_.chunked) {
    auto& shard = shard_of(id);
    auto const lock = std::scoped_lock(shard.mutex);
    auto* const s = find_open(shard, id);
    if (!s) continue;
    drop_points(*s, is_done);
    if (s->hidden) {
      std::erase_if(s->hidden->numbers, is_done);
      std::erase_if(s->hidden->ranges, is_done);
      if (s->hidden->numbers.empty() && s->hidden->ranges.empty()) s->hidden.reset();
    }
    s->saved_since = 0;
    if (s->empty()) close(shard, id);
  }
  for (auto const id : plan_.saved) {
    auto& shard = shard_of(id);
    auto const lock = std::scoped_lock(shard.mutex);
    auto* const s = find_open(shard, id);
    if (s && s->saved_since == 0) s->saved_since = plan_.row->id;
  }
  while (!rows_.empty() && rows_.front().id < plan_.needed_from) rows_.pop_front();
  if (plan_.row) {
    rows_.push_back(*plan_.row);
    last_row_ = plan_.row->id;
  }
  saved_cursor_ = plan_.cursor;
  plan_ = {};
}

void tail::for_each_number(std::function<void(series_id, observation_number)> const& visit) const {
  for (auto i = std::size_t(0); i < shard_count; ++i) {
    auto const lock = std::scoped_lock(shards_[i].mutex);
    for_each_open(shards_[i], i, [&](series_id series, open_series const& s) {
      for (auto const& p : s.points) visit(series, p.number);
    });
  }
}

void tail::load(store::connection& db, store::position cursor, on_damage const& damaged) {
  db.execute("CREATE TABLE IF NOT EXISTS tail(id INTEGER PRIMARY KEY, crc32c INTEGER NOT NULL, bytes BLOB NOT NULL)");
  auto rows = db("SELECT id, crc32c, bytes FROM tail ORDER BY id");
  while (rows.step()) {
    auto const bytes = rows.bytes(2);
    if (crc32c(bytes) == rows.integer(1)) load_row(chunk_reader(bytes), rows.integer(0), cursor);
    else damaged({0, {}, rows.integer(0), "some of the newest values, which were in no chunk yet, are damaged"});
    rows_.push_back({rows.integer(0), bytes.size()});
    last_row_ = rows.integer(0);
  }
  saved_cursor_ = cursor;
}

void tail::load_row(chunk_reader in, row_id id, store::position cursor) {
  while (in.left() != 0) {
    auto const head = in.varint();
    auto const series = head / 2;
    auto& shard = shard_of(series);
    auto const lock = std::scoped_lock(shard.mutex);
    if (head % 2 == 1) {
      if (auto* const s = find_open(shard, series)) {
        drop_points(*s, [](point const&) { return true; });
        close(shard, series);
      }
      continue;
    }
    auto& s = open(shard, series);
    if (s.saved_since == 0) s.saved_since = id;
    auto number = std::uint64_t(0);
    auto time = std::uint64_t(0);
    for (auto n = in.varint(); n != 0; --n) {
      number += std::uint64_t(in.signed_varint());
      time += std::uint64_t(in.signed_varint());
      auto value = read_value(in);
      auto extras = read_value(in);
      insert(s, {.number = number, .time = {std::int64_t(time)}, .value = std::move(value), .extras = std::move(extras)},
             cursor);
    }
  }
}

}  // namespace dos::history_parts
