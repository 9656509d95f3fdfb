#include "base/work_budget.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/fault.h"

namespace dos {
namespace {

using namespace std::chrono_literals;

// How the work ends that goes on as long as it may.
fault end_of(work_budget& b, std::size_t bytes_each = 0) {
  auto const used = work_budget::in_use(b);
  try {
    for (auto i = std::size_t(1);; ++i) spend(i * bytes_each);
  } catch (fault const& f) {
    return f;
  }
}

TEST(work, without_end_ends_when_its_time_of_the_processor_is_used_up) {
  auto b = work_budget({.time_max = 20ms});
  auto const f = end_of(b);
  EXPECT_EQ(fault_kind::too_many, f.kind);
  EXPECT_NE(std::string::npos, f.detail.find("20 ms")) << f.detail;
}

TEST(work, that_waits_uses_no_processor) {
  auto b = work_budget({.time_max = 50ms});
  auto const used = work_budget::in_use(b);
  std::this_thread::sleep_for(100ms);
  for (auto i = 0; i < 1'000; ++i) spend();
}

TEST(work, that_goes_on_on_another_thread_goes_on_with_the_same_budget) {
  auto b = work_budget({.time_max = 20ms});
  std::thread([&] { end_of(b); }).join();
  EXPECT_EQ(fault_kind::too_many, end_of(b, 1).kind);
}

TEST(an_answer, that_grows_over_its_bytes_is_refused) {
  auto b = work_budget({.time_max = 1h, .answer_bytes_max = 1'000});
  auto const f = end_of(b, 300);
  EXPECT_EQ(fault_kind::too_many, f.kind);
  EXPECT_NE(std::string::npos, f.detail.find("1000 bytes")) << f.detail;
}

TEST(work, that_nobody_waits_for_ends) {
  auto asked = 0;
  auto b = work_budget({.time_max = 1h}, 0, [&] { return ++asked < 3; });
  EXPECT_EQ(fault_kind::unavailable, end_of(b).kind);
  EXPECT_EQ(3, asked);
}

TEST(the_program_s_own_work, has_no_budget) {
  EXPECT_EQ(nullptr, work_budget::current());
  for (auto i = 0; i < 1'000; ++i) spend(SIZE_MAX);
}

}  // namespace
}  // namespace dos
