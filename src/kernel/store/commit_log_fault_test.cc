// The log on a medium that fails: SQLite's file layer is replaced by one that refuses on demand.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <string>

#include "base/fault.h"
#include "kernel/store/commit_log.h"
#include "kernel/store/failing_medium.h"
#include "kernel/store/state_db.h"
#include "kernel/store/store_test_support.h"

namespace dos::store {
namespace {

position last_after_kill(std::filesystem::path const& home) {
  auto const copies = scratch_directory();
  std::filesystem::copy(home, copies.path / "copy");
  return open_log(copies.path / "copy")->last();
}

TEST(a_failed_sync, is_unknown_and_the_log_goes_on_from_the_truth) {
  auto medium = failing_medium();
  auto const home = scratch_directory();
  auto const log = open_log(home.path);
  ASSERT_EQ(appended::ok, log->append(1, {}, "sure"));
  medium.syncs_left = 0;
  EXPECT_EQ(appended::unknown, log->append(2, {}, "unsure"));
  EXPECT_THROW(log->last(), fault) << "nobody is answered before the medium works again";
  EXPECT_THROW(log->append(2, {}, "too early"), fault);
  medium.syncs_left = medium.never;
  auto const last = log->last();
  EXPECT_EQ(last, last_after_kill(home.path));
  EXPECT_EQ(appended::ok, log->append(last + 1, {}, "next"));
  auto found = std::string();
  log->read(1, SIZE_MAX, [&](log_batch const& b) { return found.append(b.bytes).append(" "), true; });
  EXPECT_EQ(last == 1 ? "sure next " : "sure unsure next ", found);
}

TEST(a_disk_that_fills_at_any_write, refuses_the_batch_for_good_even_if_the_program_dies_then) {
  auto medium = failing_medium();
  for (auto at_write = 0; at_write < 60; ++at_write) {
    SCOPED_TRACE(at_write);
    auto const home = scratch_directory();
    auto const log = open_log(home.path);
    ASSERT_EQ(appended::ok, log->append(1, {}, std::string(5'000, 'a')));
    medium.writes_left = at_write;
    auto refused = false;
    try {
      EXPECT_EQ(appended::ok, log->append(2, {}, std::string(50'000, 'b')));
    } catch (fault const& f) {
      EXPECT_EQ(fault_kind::storage_full, f.kind);
      refused = true;
    }
    medium.writes_left = medium.never;
    EXPECT_EQ(refused ? 1u : 2u, log->last());
    EXPECT_EQ(refused ? 1u : 2u, last_after_kill(home.path));
    EXPECT_EQ(appended::ok, log->append(log->last() + 1, {}, "there is space again"));
    if (!refused) return;  // the disk was large enough: every place has been tried
  }
  FAIL() << "the append never came through";
}

TEST(a_full_file_system, refuses_writes_keeps_reading_and_recovers_by_itself) {
  auto const home = scratch_directory();
  if (mount("tmpfs", home.path.c_str(), "tmpfs", 0, "size=2m") != 0) GTEST_SKIP() << "needs the right to mount";
  {
    auto const log = open_log(home.path);
    auto state = state_db(home.path);
    auto next = position(1);
    try {
      for (; next < 1000; ++next) log->append(next, {}, std::string(50'000, 'x'));
      ADD_FAILURE() << "the disk was not full";
    } catch (fault const& f) {
      EXPECT_EQ(fault_kind::storage_full, f.kind);
    }
    auto read = position(0);
    log->read(1, SIZE_MAX, [&](log_batch const&) { return ++read, true; });
    EXPECT_EQ(next - 1, read);
    try {
      auto t = state.begin();
      t.put("entity", "a", std::string(1'000'000, 'x'));
      t.commit();
      ADD_FAILURE() << "the disk was not full";
    } catch (fault const& f) {
      EXPECT_EQ(fault_kind::storage_full, f.kind);
    }
    EXPECT_EQ(0, mount("tmpfs", home.path.c_str(), "tmpfs", MS_REMOUNT, "size=8m"));
    EXPECT_EQ(appended::ok, log->append(next, {}, std::string(50'000, 'x')));
    auto t = state.begin();
    t.put("entity", "a", std::string(1'000'000, 'x'));
    t.commit();
    EXPECT_TRUE(state.find("entity", "a"));
  }
  umount(home.path.c_str());
}

}  // namespace
}  // namespace dos::store
