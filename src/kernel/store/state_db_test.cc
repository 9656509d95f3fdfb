#include "kernel/store/state_db.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "base/fault.h"
#include "kernel/store/sqlite.h"
#include "kernel/store/store_test_support.h"

namespace dos::store {
namespace {

void put(state_db& db, std::string_view key, std::string_view value, position cursor = 0) {
  auto t = db.begin();
  t.put("entity", key, value);
  if (cursor != 0) t.set_cursor(cursor);
  t.commit();
}

std::string joined(state_db const& db, std::string_view from) {
  auto text = std::string();
  db.scan("entity", from, [&](std::string_view key, std::string_view value) {
    text.append(key).append("=").append(value).append(" ");
    return true;
  });
  return text;
}

TEST(state_db, keeps_records_and_cursor_together) {
  auto const home = scratch_directory();
  {
    auto db = state_db(home.path);
    EXPECT_EQ(0u, db.cursor());
    EXPECT_FALSE(db.find("entity", "a"));
    put(db, "a", "1", 7);
    auto t = db.begin();
    t.put("entity", "b", "2");
    t.set_cursor(8);  // no commit
  }
  auto db = state_db(home.path);
  EXPECT_EQ(7u, db.cursor());
  EXPECT_EQ("1", db.find("entity", "a"));
  EXPECT_FALSE(db.find("entity", "b"));
}

TEST(state_db, scans_in_order_of_key_from_a_key_on) {
  auto const home = scratch_directory();
  auto db = state_db(home.path);
  for (auto const* key : {"c", "a", "d", "b"}) put(db, key, "x");
  put(db, "b", "y");
  EXPECT_EQ("a=x b=y c=x d=x ", joined(db, ""));
  EXPECT_EQ("b=y c=x d=x ", joined(db, "b"));
  auto t = db.begin();
  t.erase("entity", "c");
  t.erase("nothing", "c");
  t.commit();
  EXPECT_EQ("d=x ", joined(db, "bb"));
  auto n = 0;
  db.load("entity", [&](auto, auto) { return ++n, true; });
  EXPECT_EQ(3, n);
}

TEST(state_db, forgets_a_collection_whose_transaction_was_dropped) {
  auto const home = scratch_directory();
  auto db = state_db(home.path);
  {
    auto t = db.begin();
    t.put("entity", "a", "1");
  }
  EXPECT_FALSE(db.find("entity", "a"));
  put(db, "a", "2");
  EXPECT_EQ("2", db.find("entity", "a"));
}

TEST(state_db, shows_a_reader_one_moment_while_others_write) {
  auto const home = scratch_directory();
  auto db = state_db(home.path);
  put(db, "a", "old");
  auto const value = [](store::connection& c) {
    auto row = c("SELECT value FROM record_entity WHERE key = ?");
    row.with(std::string_view("a")).step();
    return std::string(row.bytes(0));
  };
  auto before = db.read();
  put(db, "a", "new");
  EXPECT_EQ("old", value(before.sql()));
  EXPECT_EQ("new", value(db.read().sql()));
}

TEST(state_db, says_which_record_is_damaged) {
  auto const home = scratch_directory();
  {
    auto db = state_db(home.path);
    put(db, "urn:a", "the value of a");
    put(db, "urn:b", "the value of b");
  }
  connection(home.path / "state.db", connection::access::read_write)
      .execute("UPDATE record_entity SET value = CAST('the valve of b' AS BLOB) WHERE key = CAST('urn:b' AS BLOB)");
  auto const db = state_db(home.path);
  EXPECT_EQ("the value of a", db.find("entity", "urn:a"));
  EXPECT_THROW(db.find("entity", "urn:b"), fault);
  EXPECT_THROW(joined(db, ""), fault);
  EXPECT_EQ((std::vector<std::string>{"the record \"urn:b\" of entity is damaged"}), db.damages());
}

TEST(state_db, stays_as_it_was_when_the_disk_is_full_and_recovers) {
  auto const home = scratch_directory();
  auto db = state_db(home.path, {.pages_max = 64});
  put(db, "a", "1", 1);
  try {
    auto t = db.begin();
    for (auto i = 0; i != 1000; ++i) t.put("entity", std::to_string(i), std::string(5000, 'x'));
    t.set_cursor(2);
    t.commit();
    FAIL() << "the disk was not full";
  } catch (fault const& f) {
    EXPECT_EQ(fault_kind::storage_full, f.kind);
  }
  EXPECT_EQ(1u, db.cursor());
  EXPECT_EQ("a=1 ", joined(db, ""));
  put(db, "b", "2", 2);
  EXPECT_EQ("a=1 b=2 ", joined(db, ""));
}

TEST(state_db, gives_space_back_to_the_disk) {
  auto const home = scratch_directory();
  auto db = state_db(home.path);
  for (auto i = 0; i != 50; ++i) put(db, std::to_string(i), std::string(20'000, 'x'));
  auto t = db.begin();
  for (auto i = 0; i != 50; ++i) t.erase("entity", std::to_string(i));
  t.commit();
  db.shrink(1'000'000);
  connection(home.path / "state.db", connection::access::read_write).fold(connection::folding::truncate);
  EXPECT_LT(std::filesystem::file_size(home.path / "state.db"), 100'000u);
}

TEST(state_db, refuses_data_of_a_newer_program) {
  auto const home = scratch_directory();
  { auto db = state_db(home.path); }
  connection(home.path / "state.db", connection::access::read_write).execute("PRAGMA user_version=2");
  try {
    auto db = state_db(home.path);
    FAIL() << "opened";
  } catch (fault const& f) {
    EXPECT_EQ(fault_kind::not_supported, f.kind);
  }
}

TEST(a_backup, taken_while_writing_has_a_log_that_reaches_its_state) {
  auto const home = scratch_directory();
  auto const copies = scratch_directory();
  auto const log = open_log(home.path);
  auto db = state_db(home.path);
  auto writer = std::jthread([&](std::stop_token stop) {
    for (auto p = position(1); !stop.stop_requested(); ++p) {
      log->append(p, {}, std::to_string(p));
      put(db, "last", std::to_string(p), p);
      log->truncate(p > 5 ? p - 5 : 0);
    }
  });
  while (db.cursor() < 3) std::this_thread::yield();
  for (auto i = 0; i != 5; ++i) backup(*log, db, copies.path / std::to_string(i));
  writer.request_stop();
  writer.join();
  for (auto i = 0; i != 5; ++i) {
    auto const copied_log = open_log(copies.path / std::to_string(i));
    auto const copied = state_db(copies.path / std::to_string(i));
    EXPECT_EQ(std::to_string(copied.cursor()), copied.find("entity", "last"));
    EXPECT_LE(copied.cursor(), copied_log->last());
    EXPECT_GE(copied.cursor() + 1, copied_log->first());
  }
}

}  // namespace
}  // namespace dos::store
