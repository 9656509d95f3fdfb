#include "kernel/store/space_reserve.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "kernel/store/store_test_support.h"

namespace dos::store {
namespace {

std::uint64_t bytes_on_disk(std::filesystem::path const& file) {
  struct stat s;
  return ::stat(file.c_str(), &s) == 0 ? std::uint64_t(s.st_blocks) * 512 : 0;
}

TEST(space_reserve, occupies_what_it_promises) {
  auto const dir = scratch_directory();
  auto r = space_reserve(dir.path, 1 << 20);
  EXPECT_FALSE(r.is_whole());
  r.take();
  EXPECT_TRUE(r.is_whole());
  EXPECT_GE(bytes_on_disk(dir.path / "reserve"), 1u << 20);
}

TEST(space_reserve, stays_while_the_disk_has_room) {
  auto const dir = scratch_directory();
  space_reserve(dir.path, 1 << 20).take();
  auto again = space_reserve(dir.path, 1 << 20);
  again.release_if_needed();
  EXPECT_TRUE(again.is_whole());
}

TEST(space_reserve, is_given_back_when_less_than_that_is_free) {
  auto const dir = scratch_directory();
  space_reserve(dir.path, 1 << 20).take();
  auto more_than_any_disk_has = space_reserve(dir.path, std::uint64_t(1) << 62);
  more_than_any_disk_has.release_if_needed();
  EXPECT_FALSE(std::filesystem::exists(dir.path / "reserve"));
}

}  // namespace
}  // namespace dos::store
