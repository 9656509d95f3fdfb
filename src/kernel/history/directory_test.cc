#include "kernel/history/directory.h"

#include <gtest/gtest.h>

#include "kernel/store/store_test_support.h"

namespace dos::history_parts {
namespace {

void checkpoint(store::state_db& db, history& h, store::position cursor) {
  auto t = db.begin();
  h.flush(t, cursor);
  t.set_cursor(cursor);
  t.commit();
  h.flushed();
}

observation numbered(observation_number n) { return {.number = n, .time = {std::int64_t(n)}, .value = 1, .extras = {}}; }

TEST(an_observation, is_found_by_its_number_alone_in_memory_on_disk_and_after_a_restart) {
  auto home = store::scratch_directory();
  auto const expect_all = [](history const& h) {
    EXPECT_EQ(7u, h.find_series_of(1));
    EXPECT_EQ(9u, h.find_series_of(2));
    EXPECT_EQ(7u, h.find_series_of(4000));
    EXPECT_EQ(7u, h.find_series_of(9000));
    EXPECT_EQ(8u, h.find_series_of(9500));
    EXPECT_FALSE(h.find_series_of(3));
    EXPECT_FALSE(h.find_series_of(9001));
    EXPECT_FALSE(h.find_series_of(1'000'000));
  };
  {
    auto db = store::state_db(home.path);
    auto h = history(db);
    h.add(1, 7, numbered(1));
    h.add(1, 9, numbered(2));
    for (auto n = observation_number(4000); n <= 9000; ++n) h.add(2, 7, numbered(n));
    h.add(3, 8, numbered(9500));
    expect_all(h);
    checkpoint(db, h, 2);
    expect_all(h);
    checkpoint(db, h, 3);
    expect_all(h);
  }
  auto db = store::state_db(home.path);
  auto h = history(db);
  expect_all(h);
}

TEST(the_directory, is_completed_for_a_history_that_is_older) {
  auto const home = store::scratch_directory();
  {
    auto db = store::state_db(home.path);
    auto h = history(db);
    for (auto n = observation_number(1); n <= 9000; ++n) h.add(1, 7 + n / 3000, numbered(n));
    checkpoint(db, h, 1);
    h.add(2, 30, numbered(9001));  // too few for a chunk
    checkpoint(db, h, 2);
    auto t = db.begin();
    t.sql().execute("DROP TABLE observation_block");
    t.commit();
  }
  {
    auto db = store::state_db(home.path);
    auto h = history(db);
    EXPECT_EQ(7u, h.find_series_of(1));
    EXPECT_EQ(9u, h.find_series_of(8999));
    EXPECT_EQ(30u, h.find_series_of(9001));
    EXPECT_FALSE(h.find_series_of(9002));
    h.add(3, 31, numbered(9002));
    checkpoint(db, h, 3);
    auto t = db.begin();
    t.sql().execute("DELETE FROM observation_block WHERE id < 2");  // as after some days with the directory
    t.commit();
  }
  auto db = store::state_db(home.path);
  auto h = history(db);
  EXPECT_EQ(7u, h.find_series_of(1));
  EXPECT_EQ(8u, h.find_series_of(5000));
  EXPECT_EQ(31u, h.find_series_of(9002));
}

TEST(the_directory, takes_far_less_than_a_byte_an_observation_when_they_come_in_rows) {
  auto runs = std::vector<number_run>();
  for (auto n = observation_number(4096); n < 8192; n += 512) runs.push_back({n, 512, 1000 + n / 512 % 3});
  auto const bytes = encode_runs(runs);
  EXPECT_EQ(runs, decode_runs(bytes));
  EXPECT_LT(bytes.size(), 4096u / 80);
}

TEST(the_directory, keeps_numbers_apart_that_were_left_out) {
  auto const runs = std::vector<number_run>{{10, 1, 5}, {11, 2, 6}, {40, 1, 6}, {4'000'000'000'000, 3, 1}};
  EXPECT_EQ(runs, decode_runs(encode_runs(runs)));
}

}  // namespace
}  // namespace dos::history_parts
