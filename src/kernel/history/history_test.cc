#include "kernel/history/history.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <map>
#include <random>
#include <thread>

#include "base/fault.h"
#include "kernel/store/sqlite.h"
#include "kernel/store/store_test_support.h"

namespace dos {
namespace {

using store::position;
using store::scratch_directory;

observation point(observation_number number, std::int64_t second, json::value value) {
  return {.number = number, .time = {second * us_per_second}, .value = std::move(value), .extras = {}};
}

void checkpoint(store::state_db& db, history& h, position cursor, bool all = false) {
  auto t = db.begin();
  all ? h.flush_all(t, cursor) : h.flush(t, cursor);
  t.set_cursor(cursor);
  t.commit();
  h.flushed();
}

std::string drawn(std::vector<observation> const& points) {
  auto text = std::string();
  for (auto const& o : points) {
    text += std::to_string(o.time.us / us_per_second) + "#" + std::to_string(o.number) + "=" +
            json::to_string(o.value) + " ";
  }
  return text;
}

struct world {
  scratch_directory home;
  store::state_db db{home.path};
  dos::history history{db};
};

TEST(a_series, is_ordered_by_time_then_number_whether_in_memory_or_in_chunks) {
  auto w = world();
  w.history.add(1, 7, point(1, 10, 1.5));
  w.history.add(1, 7, point(2, 30, 2));
  checkpoint(w.db, w.history, 1, true);
  w.history.add(2, 7, point(3, 20, "late"));
  w.history.add(2, 7, point(4, 30, true));
  w.history.add(2, 8, point(5, 30, "another series"));
  auto const all = "10#1=1.5 20#3=\"late\" 30#2=2 30#4=true ";
  EXPECT_EQ(all, drawn(w.history.range(7, {.after = {}})));
  checkpoint(w.db, w.history, 2, true);
  EXPECT_EQ(0u, w.history.tail_bytes());
  EXPECT_EQ(all, drawn(w.history.range(7, {.after = {}})));
  EXPECT_EQ("30#4=true 30#2=2 ", drawn(w.history.range(7, {.limit = 2, .descending = true, .after = {}})));
  EXPECT_EQ(4u, w.history.last(7)->number);
  EXPECT_FALSE(w.history.last(9));
}

TEST(a_series, is_paged_by_the_last_moment_seen_in_both_directions) {
  auto w = world();
  for (auto i = 1u; i <= 6; ++i) {
    w.history.add(i, 7, point(i, i / 2, int(i)));
    if (i == 3) checkpoint(w.db, w.history, i, true);
  }
  EXPECT_EQ("1#3=3 2#4=4 ", drawn(w.history.range(7, {.limit = 2, .after = moment{{us_per_second}, 2}})));
  EXPECT_EQ("1#3=3 1#2=2 ",
            drawn(w.history.range(7, {.limit = 2, .descending = true, .after = moment{{2 * us_per_second}, 4}})));
  EXPECT_EQ("1#2=2 1#3=3 ",
            drawn(w.history.range(7, {.from = {us_per_second}, .to = {2 * us_per_second}, .after = {}})));
}

TEST(an_edit, shows_at_once_and_stays_after_flush_and_restart) {
  auto const home = scratch_directory();
  {
    auto db = store::state_db(home.path);
    auto h = history(db);
    for (auto i = 1u; i <= 4; ++i) h.add(1, 7, point(i, i, int(i)));
    checkpoint(db, h, 1, true);
    h.change(2, 7, point(1, 9, "moved"));
    h.remove(2, 7, 2);
    EXPECT_EQ("3#3=3 4#4=4 9#1=\"moved\" ", drawn(h.range(7, {.after = {}})));
    EXPECT_FALSE(h.find(7, 2));
    EXPECT_EQ("moved", h.find(7, 1)->value.as_string());
    EXPECT_EQ(3u, h.statistics_of(7)->count);
    checkpoint(db, h, 2);
  }
  auto db = store::state_db(home.path);
  auto const h = history(db);
  EXPECT_EQ("3#3=3 4#4=4 9#1=\"moved\" ", drawn(h.range(7, {.after = {}})));
}

TEST(a_removed_point, does_not_come_back_from_a_tail_that_was_saved_before) {
  auto const home = scratch_directory();
  {
    auto db = store::state_db(home.path);
    auto h = history(db);
    h.add(1, 7, point(1, 1, 1));
    h.add(1, 8, point(2, 1, 1));
    checkpoint(db, h, 1);  // both wait in one raw row
    h.remove(2, 7, 1);
    h.add(3, 7, point(3, 3, 3));
    checkpoint(db, h, 3);
  }
  auto db = store::state_db(home.path);
  auto const h = history(db);
  EXPECT_EQ("3#3=3 ", drawn(h.range(7, {.after = {}})));
  EXPECT_EQ("1#2=1 ", drawn(h.range(8, {.after = {}})));
}

TEST(a_flush, writes_exactly_what_came_up_to_its_cursor) {
  auto const home = scratch_directory();
  {
    auto db = store::state_db(home.path);
    auto h = history(db);
    h.add(1, 7, point(1, 1, 1));
    h.add(2, 7, point(2, 2, 2));
    h.remove(2, 7, 1);
    checkpoint(db, h, 1);
    EXPECT_EQ("2#2=2 ", drawn(h.range(7, {.after = {}})));
  }
  auto db = store::state_db(home.path);
  auto h = history(db);
  h.add(2, 7, point(2, 2, 2));  // the log from the cursor on, once more
  h.remove(2, 7, 1);
  EXPECT_EQ("2#2=2 ", drawn(h.range(7, {.after = {}})));
}

TEST(a_flush, that_is_committed_but_not_yet_dropped_from_memory_shows_nothing_twice) {
  auto w = world();
  for (auto i = 1u; i <= 3; ++i) w.history.add(1, 7, point(i, i, int(i)));
  auto t = w.db.begin();
  w.history.flush_all(t, 1);
  t.commit();
  w.history.add(2, 7, point(4, 2, 4));
  EXPECT_EQ("1#1=1 2#2=2 2#4=4 3#3=3 ", drawn(w.history.range(7, {.after = {}})));
  EXPECT_EQ(4u, w.history.statistics_of(7)->count);
  EXPECT_EQ(10.0, w.history.aggregate(7, {{0}, {9 * us_per_second}}).at(0).sum);
  EXPECT_EQ("3#3=3 2#4=4 ", drawn(w.history.range(7, {.limit = 2, .descending = true, .after = {}})));
}

TEST(a_failed_flush, loses_nothing_and_the_next_one_writes_it) {
  auto const home = scratch_directory();
  auto db = store::state_db(home.path, {.pages_max = 40});
  auto h = history(db);
  h.add(1, 7, point(1, 1, "first"));
  checkpoint(db, h, 1, true);
  h.add(2, 8, point(2, 2, std::string(1'000'000, 'x')));
  try {
    checkpoint(db, h, 2, true);
    FAIL() << "the disk was not full";
  } catch (fault const& f) {
    EXPECT_EQ(fault_kind::storage_full, f.kind);
  }
  EXPECT_EQ("1#1=\"first\" ", drawn(h.range(7, {.after = {}})));
  EXPECT_EQ(1'000'000u, h.last(8)->value.as_string().size());
  h.remove_series(3, 8);
  h.add(4, 8, point(3, 3, "small"));
  checkpoint(db, h, 4, true);
  EXPECT_EQ("3#3=\"small\" ", drawn(h.range(8, {.after = {}})));
}

TEST(the_tail, stays_within_its_bounds_in_memory_and_on_disk) {
  auto const home = scratch_directory();
  auto db = store::state_db(home.path);
  auto h = history(db, {.tail_bytes_max = 100'000, .flush_points = 1'000'000});
  auto number = observation_number(0);
  auto raw = [&] {
    auto snapshot = db.read();
    auto row = snapshot.sql()("SELECT coalesce(sum(length(bytes)), 0) FROM tail");
    row.step();
    return row.integer(0);
  };
  for (auto at = position(1); at <= 200; ++at) {
    for (auto s = series_id(0); s != 20; ++s) {
      if (s == 0 && at > 1) continue;  // one that fell silent must not pin the rows of the others
      ++number;
      h.add(at, s, point(number, std::int64_t(at), 0.1 * double(number)));
    }
    checkpoint(db, h, at);
    ASSERT_LE(h.tail_bytes(), 75'000u);
    ASSERT_LE(raw(), 101'000);
  }
  EXPECT_EQ(200u, h.statistics_of(5)->count);
  EXPECT_EQ(1u, h.statistics_of(0)->count);
}

TEST(a_history, of_a_program_that_kept_no_newest_observations_is_read_and_goes_on) {
  auto const home = scratch_directory();
  auto const fill = [](history& h, store::state_db& db, position at, observation_number first) {
    for (auto n = first; n < first + 20; ++n) h.add(at, 7, point(n, std::int64_t(n), int(n)));
    checkpoint(db, h, at, true);
  };
  {
    auto db = store::state_db(home.path);
    auto h = history(db);
    fill(h, db, 1, 1);
    auto t = db.begin();
    t.sql().execute("ALTER TABLE chunk DROP COLUMN newest");
    t.commit();
  }
  auto db = store::state_db(home.path);
  auto h = history(db);
  EXPECT_EQ(20u, h.last(7)->number);
  fill(h, db, 2, 21);
  EXPECT_EQ("40#40=40 39#39=39 38#38=38 ", drawn(h.range(7, {.limit = 3, .descending = true, .after = {}})));
}

TEST(expiry, removes_what_is_older_and_nothing_else) {
  auto w = world();
  for (auto i = 1u; i <= 2500; ++i) w.history.add(1, 7, point(i, i, int(i)));
  checkpoint(w.db, w.history, 1, true);
  auto t = w.db.begin();
  w.history.expire(t, 7, {1500 * us_per_second});
  t.commit();
  EXPECT_EQ(1001u, w.history.statistics_of(7)->count);
  EXPECT_EQ(1500u, w.history.statistics_of(7)->first.number);
  EXPECT_EQ("1500#1500=1500 ", drawn(w.history.range(7, {.limit = 1, .after = {}})));
}

TEST(a_damaged_chunk, is_a_fault_and_named) {
  auto const home = scratch_directory();
  auto db = store::state_db(home.path);
  auto h = history(db);
  h.add(1, 7, point(1, 1, "sound"));
  checkpoint(db, h, 1, true);
  {
    auto t = db.begin();
    t.sql().execute("UPDATE chunk_data SET bytes = CAST(replace(CAST(bytes AS TEXT), 'sound', 'wrong') AS BLOB)");
    t.commit();
  }
  EXPECT_THROW(h.last(7), fault);
  EXPECT_EQ(1u, h.damages().size());
}

// A model keeps everything in one map. Operations come at random, checkpoints at random places behind them, and again
// and again the files are copied as a killed process would leave them, opened and brought up to date from the log.
class random_history : public ::testing::TestWithParam<int> {
 protected:
  using model = std::map<series_id, std::map<observation_number, observation>>;
  using operation = std::function<void(history&, model*)>;
  static constexpr auto series_count = 3;

  void start(std::filesystem::path const& path) {
    history_.reset();
    db_ = std::make_unique<store::state_db>(path);
    history_ = std::make_unique<history>(*db_, history_options{.tail_bytes_max = 40'000, .flush_points = 40});
  }
  void restart_as_if_killed() {
    auto const next = home_.path / std::to_string(++copies_);
    std::filesystem::copy(current_, next);
    start(next);
    current_ = next;
    auto const cursor = db_->cursor();
    cursor_ = cursor;
    for (auto at = cursor; at < log_.size(); ++at) log_[at](*history_, nullptr);
  }
  void apply(operation o) {
    log_.push_back(std::move(o));
    log_.back()(*history_, &model_);
  }

  observation_number any_number(series_id s) {
    auto const& all = model_[s];
    if (all.empty()) return 1;
    auto const at = all.lower_bound(all.begin()->first + random_() % (all.rbegin()->first - all.begin()->first + 1));
    return at == all.end() ? all.rbegin()->first : at->first;
  }
  json::value any_value() {
    switch (random_() % 12) {
      case 0:
        return "word " + std::to_string(random_() % 3);
      case 1:
        return nullptr;
      case 2:
        return random_() % 2 == 0;
      case 3:
        return -0.0;
      default:
        return double(std::int64_t(random_() % 1000) - 500) / 10;
    }
  }
  observation any_point(observation_number n, std::int64_t second) {
    auto o = point(n, second, any_value());
    if (random_() % 3 == 0) set_extra(o, extra::provenance, "recorded");
    return o;
  }

  void operate() {
    auto const s = series_id(random_() % series_count);
    auto const at = position(log_.size() + 1);
    auto const kind = random_() % 100;
    if (kind < 80) {
      auto points = std::vector<observation>();
      for (auto n = 1 + random_() % (random_() % 8 == 0 ? 300 : 8); n != 0; --n) {
        auto const late = random_() % 60 == 0;
        if (!late && random_() % 8 != 0) now_ += std::int64_t(random_() % 3);
        points.push_back(any_point(++number_, late ? std::int64_t(random_() % std::uint64_t(now_ + 1)) : now_));
      }
      apply([=](history& h, model* m) {
        for (auto const& o : points) {
          h.add(at, s, o);
          if (m != nullptr) (*m)[s][o.number] = o;
        }
      });
    } else if (kind < 88) {
      auto const n = any_number(s);
      if (!model_[s].contains(n)) return;
      auto const o =
          any_point(n, random_() % 2 == 0 ? model_[s][n].time.us / us_per_second : std::int64_t(random_() % 500));
      apply([=](history& h, model* m) {
        h.change(at, s, o);
        if (m != nullptr) (*m)[s][n] = o;
      });
    } else if (kind < 96) {
      auto const n = any_number(s);
      apply([=](history& h, model* m) {
        h.remove(at, s, n);
        if (m != nullptr) (*m)[s].erase(n);
      });
    } else {
      auto const everything = random_() % 8 == 0;
      auto const from = timestamp{std::int64_t(random_() % std::uint64_t(now_ + 1)) * us_per_second};
      auto const to = from + std::int64_t(random_() % 60) * us_per_second;
      apply([=](history& h, model* m) {
        everything ? h.remove_series(at, s) : h.remove_range(at, s, from, to);
        if (m == nullptr) return;
        std::erase_if((*m)[s],
                      [&](auto const& e) { return everything || (e.second.time >= from && e.second.time < to); });
      });
    }
  }

  void maybe_checkpoint() {
    if (random_() % 3 != 0) return;
    auto const cursor = cursor_ + random_() % (log_.size() - cursor_ + 1);
    if (cursor == 0) return;
    auto t = db_->begin();
    random_() % 10 == 0 ? history_->flush_all(t, cursor) : history_->flush(t, cursor);
    t.set_cursor(cursor);
    if (random_() % 8 == 0) return;  // given up: rolled back, never flushed()
    t.commit();
    if (random_() % 8 == 0) return restart_as_if_killed();  // died before flushed()
    if (random_() % 4 == 0) operate();                      // the log goes on meanwhile
    history_->flushed();
    cursor_ = cursor;
  }

  std::vector<observation> expected(series_id s, std::int64_t from, std::int64_t to) const {
    auto points = std::vector<observation>();
    auto const of_series = model_.find(s);
    if (of_series == model_.end()) return points;
    for (auto const& [number, o] : of_series->second) {
      if (o.time.us >= from && o.time.us < to) points.push_back(o);
    }
    std::sort(points.begin(), points.end(), [](auto const& a, auto const& b) { return a.moment() < b.moment(); });
    return points;
  }

  static void expect_same(std::vector<observation> const& expected, std::vector<observation> const& found) {
    ASSERT_EQ(expected.size(), found.size());
    for (auto i = std::size_t(0); i != expected.size(); ++i) ASSERT_TRUE(identical(expected[i], found[i])) << i;
  }

  void compare(series_id s) {
    auto const all = expected(s, INT64_MIN, INT64_MAX);
    expect_same(all, history_->range(s, {.after = {}}));
    auto const from = std::int64_t(random_() % std::uint64_t(now_ + 1)) * us_per_second;
    auto const to = from + std::int64_t(random_() % 200) * us_per_second;
    auto some = expected(s, from, to);
    expect_same(some, history_->range(s, {.from = {from}, .to = {to}, .after = {}}));
    std::reverse(some.begin(), some.end());
    auto const limit = random_() % 30;
    auto first_ones = some;
    first_ones.resize(std::min(limit, some.size()));
    expect_same(first_ones,
                history_->range(s, {.from = {from}, .to = {to}, .limit = limit, .descending = true, .after = {}}));
    auto const statistics = history_->statistics_of(s);
    ASSERT_EQ(all.empty(), !statistics);
    if (statistics) {
      EXPECT_EQ(all.size(), statistics->count);
      EXPECT_EQ(all.front().moment(), statistics->first);
      EXPECT_EQ(all.back().moment(), statistics->last);
      EXPECT_TRUE(identical(all.back(), *history_->last(s)));
      auto const& one = all[random_() % all.size()];
      EXPECT_TRUE(identical(one, history_->find(s, one.number).value()));
    }
    EXPECT_FALSE(history_->find(s, number_ + 1));
    compare_aggregates(s, random_() % 2 == 0 ? 10 : 400);
  }

  void compare_aggregates(series_id s, std::int64_t period_s) {
    auto boundaries = std::vector<timestamp>();
    for (auto second = std::int64_t(random_() % 20); second < now_ + period_s; second += period_s) {
      boundaries.push_back({second * us_per_second});
    }
    auto const found = history_->aggregate(s, boundaries);
    for (auto i = std::size_t(0); i + 1 < boundaries.size(); ++i) {
      auto naive = value_statistics();
      for (auto const& o : expected(s, boundaries[i].us, boundaries[i + 1].us)) {
        ++naive.count;
        if (auto const d = numeric_value(o.value)) naive.add(*d);
      }
      ASSERT_EQ(naive.count, found[i].count);
      ASSERT_EQ(naive.numbers, found[i].numbers);
      ASSERT_NEAR(naive.sum, found[i].sum, 1e-6);
      ASSERT_NEAR(naive.sum_of_squares, found[i].sum_of_squares, 1e-3);
      ASSERT_EQ(naive.min, found[i].min);
      ASSERT_EQ(naive.max, found[i].max);
      ASSERT_EQ(naive.first, found[i].first);
      ASSERT_EQ(naive.last, found[i].last);
    }
  }

  scratch_directory home_;
  std::filesystem::path current_ = home_.path / "0";
  int copies_ = 0;
  std::mt19937_64 random_{std::uint64_t(GetParam())};
  model model_;
  std::vector<operation> log_;
  position cursor_ = 0;
  std::int64_t now_ = 0;
  observation_number number_ = 0;
  std::unique_ptr<store::state_db> db_;
  std::unique_ptr<history> history_;
};

TEST_P(random_history, equals_the_model_after_edits_checkpoints_and_kills) {
  start(current_);
  for (auto i = 0; i != 80; ++i) {
    SCOPED_TRACE("step " + std::to_string(i));
    operate();
    maybe_checkpoint();
    if (random_() % 12 == 0) restart_as_if_killed();
    compare(random_() % series_count);
    if (HasFatalFailure()) return;
  }
  EXPECT_TRUE(history_->damages().empty());
}

INSTANTIATE_TEST_SUITE_P(seeds, random_history, ::testing::Range(1, 7));

TEST(readers, see_every_point_once_while_flushes_move_them_into_chunks) {
  auto w = world();
  auto added = std::atomic<std::uint64_t>(0);
  auto done = std::atomic<bool>(false);
  auto threads = std::vector<std::jthread>();
  for (auto i = 0; i != 2; ++i) {
    threads.emplace_back([&] {
      while (!done) {
        auto const least = added.load();
        auto next = observation_number(0);
        auto const n = w.history.for_each(7, {.after = {}}, [&](observation const& o) {
          EXPECT_EQ(++next, o.number);
          return true;
        });
        EXPECT_GE(n, least);
        EXPECT_GE(w.history.aggregate(7, {{0}, timestamp_max}).at(0).count, least);
      }
    });
  }
  threads.emplace_back([&] {
    while (!done) checkpoint(w.db, w.history, std::max<position>(added, 1));
  });
  for (auto i = 1u; i <= 20'000; ++i) {
    w.history.add(i, 7, point(i, i, int(i)));
    added = i;
  }
  done = true;
}

}  // namespace
}  // namespace dos
