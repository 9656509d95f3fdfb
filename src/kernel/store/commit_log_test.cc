#include "kernel/store/commit_log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>
#include <vector>

#include "base/fault.h"
#include "kernel/store/sqlite.h"
#include "kernel/store/store_test_support.h"

namespace dos::store {
namespace {

constexpr auto some_time = timestamp{1'700'000'000'000'000};

std::vector<std::string> read_all(commit_log const& log, position from = 1) {
  auto batches = std::vector<std::string>();
  log.read(from, SIZE_MAX, [&](log_batch const& b) {
    batches.emplace_back(b.bytes);
    return true;
  });
  return batches;
}

fault_kind kind_of(std::function<void()> const& action) {
  try {
    action();
  } catch (fault const& f) {
    return f.kind;
  }
  ADD_FAILURE() << "no fault";
  return {};
}

TEST(commit_log, gives_back_what_was_appended_in_order_also_after_reopening) {
  auto const home = scratch_directory();
  {
    auto const log = open_log(home.path);
    EXPECT_EQ(1u, log->first());
    EXPECT_EQ(0u, log->last());
    EXPECT_EQ(appended::ok, log->append(1, some_time, "one"));
    EXPECT_EQ(appended::ok, log->append(2, some_time, std::string("\0two", 4)));
    EXPECT_EQ(appended::ok, log->append(3, some_time, ""));
  }
  auto const log = open_log(home.path);
  EXPECT_EQ(3u, log->last());
  EXPECT_EQ((std::vector<std::string>{"one", std::string("\0two", 4), ""}), read_all(*log));
  EXPECT_EQ((std::vector<std::string>{""}), read_all(*log, 3));
  EXPECT_TRUE(read_all(*log, 4).empty());
}

TEST(commit_log, refuses_a_writer_that_does_not_know_the_last_batch) {
  auto const home = scratch_directory();
  auto const log = open_log(home.path);
  log->append(1, some_time, "one");
  EXPECT_EQ(appended::conflict, log->append(1, some_time, "again"));
  EXPECT_EQ(appended::conflict, log->append(3, some_time, "gap"));
  EXPECT_EQ((std::vector<std::string>{"one"}), read_all(*log));
}

TEST(commit_log, fences_a_second_program_that_writes_to_the_same_city) {
  auto const home = scratch_directory();
  auto const first = open_log(home.path);
  auto const second = open_log(home.path);
  EXPECT_EQ(appended::ok, first->append(1, some_time, "of the first"));
  EXPECT_EQ(appended::conflict, second->append(1, some_time, "of the second"));
  EXPECT_EQ(1u, second->last());
  EXPECT_EQ(appended::ok, second->append(2, some_time, "of the second"));
}

TEST(commit_log, reads_no_more_than_asked_but_at_least_one_batch) {
  auto const home = scratch_directory();
  auto const log = open_log(home.path);
  for (auto p = position(1); p <= 5; ++p) log->append(p, some_time, "0123456789");
  auto n = 0;
  EXPECT_EQ(2u, log->read(1, 1, [&](auto const&) { return ++n, true; }));
  EXPECT_EQ(5u, log->read(2, 30, [&](auto const&) { return ++n, true; }));
  EXPECT_EQ(4, n);
  EXPECT_EQ(2u, log->read(1, SIZE_MAX, [](auto const&) { return false; }));
}

TEST(commit_log, names_the_gap_of_a_reader_that_fell_below_its_floor) {
  auto const home = scratch_directory();
  auto const log = open_log(home.path);
  for (auto p = position(1); p <= 1000; ++p) log->append(p, some_time, std::to_string(p));
  log->truncate(601);
  EXPECT_EQ(601u, log->first());
  EXPECT_EQ(fault_kind::not_found, kind_of([&] { read_all(*log, 600); }));
  EXPECT_EQ(400u, read_all(*log, 601).size());
}

TEST(commit_log, goes_on_counting_after_everything_was_truncated) {
  auto const home = scratch_directory();
  {
    auto const log = open_log(home.path);
    for (auto p = position(1); p <= 10; ++p) log->append(p, some_time, "x");
    log->truncate(1'000'000);
    EXPECT_EQ(10u, log->first());
  }
  auto const log = open_log(home.path);
  EXPECT_EQ(10u, log->last());
  EXPECT_EQ(appended::ok, log->append(11, some_time, "x"));
}

TEST(commit_log, reports_a_damaged_batch_with_its_position) {
  auto const home = scratch_directory();
  { open_log(home.path)->append(1, some_time, "a batch of effects"); }
  {
    auto file = std::fstream(home.path / "log.db", std::ios::in | std::ios::out | std::ios::binary);
    auto const bytes = std::string(std::istreambuf_iterator<char>(file), {});
    auto const at = bytes.find("a batch of effects");
    ASSERT_NE(std::string::npos, at);
    file.seekp(std::streamoff(at));
    file.put('A');
  }
  auto const log = open_log(home.path);
  try {
    read_all(*log);
    FAIL() << "the damage was not seen";
  } catch (fault const& f) {
    EXPECT_EQ(fault_kind::internal, f.kind);
    EXPECT_NE(std::string::npos, f.detail.find("damaged at position 1"));
  }
}

TEST(commit_log, reports_a_missing_batch) {
  auto const home = scratch_directory();
  {
    auto const log = open_log(home.path);
    for (auto p = position(1); p <= 3; ++p) log->append(p, some_time, "x");
  }
  connection(home.path / "log.db", connection::access::read_write).execute("DELETE FROM log WHERE position = 2");
  EXPECT_EQ(fault_kind::internal, kind_of([&] { read_all(*open_log(home.path)); }));
}

TEST(commit_log, refuses_cleanly_when_full_and_takes_the_same_batch_when_there_is_space_again) {
  auto const home = scratch_directory();
  auto const log = open_log(home.path, {.pages_max = 100});
  auto const batch = std::string(30'000, 'x');
  auto next = position(1);
  auto refused = 0;
  try {
    for (; next < 100; ++next) ASSERT_EQ(appended::ok, log->append(next, some_time, batch));
  } catch (fault const& f) {
    EXPECT_EQ(fault_kind::storage_full, f.kind);
    ++refused;
  }
  ASSERT_EQ(1, refused);
  EXPECT_EQ(next - 1, log->last());
  EXPECT_EQ(next - 1, read_all(*log).size());
  EXPECT_EQ(fault_kind::storage_full, kind_of([&] { log->append(next, some_time, batch); }));
  log->truncate(next - 2);
  EXPECT_EQ(appended::ok, log->append(next, some_time, batch));
  EXPECT_EQ(batch, read_all(*log, next).at(0));
}

TEST(commit_log, forgets_redacted_bytes_on_the_medium_too) {
  auto const home = scratch_directory();
  auto const log = open_log(home.path);
  log->append(1, some_time, "her name is Erika Mustermann" + std::string(20'000, '.'));
  log->append(2, some_time, "other");
  log->redact(1, "redacted");
  EXPECT_EQ((std::vector<std::string>{"redacted", "other"}), read_all(*log));
  for (auto const& entry : std::filesystem::directory_iterator(home.path)) {
    auto file = std::ifstream(entry.path(), std::ios::binary);
    auto const bytes = std::string(std::istreambuf_iterator<char>(file), {});
    EXPECT_EQ(std::string::npos, bytes.find("Erika")) << entry.path();
  }
}

TEST(commit_log, is_read_by_many_while_one_appends_and_another_truncates) {
  auto const home = scratch_directory();
  auto const log = open_log(home.path);
  auto done = std::atomic<bool>(false);
  auto readers = std::vector<std::jthread>();
  for (auto i = 0; i != 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        auto const from = log->first();
        try {
          log->read(from, 1 << 20, [](log_batch const& b) {
            EXPECT_EQ(std::to_string(b.at), b.bytes);
            return true;
          });
        } catch (fault const& f) {
          EXPECT_EQ(fault_kind::not_found, f.kind);  // truncated in between
        }
      }
    });
  }
  readers.emplace_back([&] {
    while (!done) log->truncate(log->last() / 2);
  });
  for (auto p = position(1); p <= 500; ++p) ASSERT_EQ(appended::ok, log->append(p, some_time, std::to_string(p)));
  done = true;
}

TEST(commit_log, refuses_a_file_of_a_newer_program) {
  auto const home = scratch_directory();
  { open_log(home.path); }
  connection(home.path / "log.db", connection::access::read_write).execute("PRAGMA user_version=99");
  EXPECT_EQ(fault_kind::not_supported, kind_of([&] { open_log(home.path); }));
}

}  // namespace
}  // namespace dos::store
