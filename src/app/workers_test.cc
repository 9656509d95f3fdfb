#include "app/workers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "base/fault.h"

namespace dos::app {
namespace {

using namespace std::chrono_literals;

// Uses the processor for a while, as this thread's clock says.
void toil(std::chrono::nanoseconds length) {
  auto const used = [] {
    auto t = timespec();
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
  };
  for (auto const end = used() + length; used() < end;) {
  }
}

TEST(workers, serve_who_asks_for_little_although_somebody_else_has_all_he_may) {
  auto pool = workers(4);
  pool.start();
  auto served = std::atomic<int>(0);
  for (auto i = 0; i < 200; ++i) {
    pool.push("attacker", "attacker", [&] {
      toil(10ms);
      ++served;
    });
  }
  while (served < 10) std::this_thread::yield();
  auto const before = served.load();
  auto seen = std::promise<int>();
  pool.push("citizen", "citizen", [&] { seen.set_value(served); });
  EXPECT_LT(seen.get_future().get() - before, 20);  // not behind the 190 that wait
  pool.stop();
  EXPECT_EQ(200, served);  // nothing is lost
}

TEST(workers, share_their_time_between_addresses_whatever_the_number_of_requests) {
  auto pool = workers(2);
  auto long_ones = std::atomic<int>(0), short_ones = std::atomic<int>(0);
  for (auto i = 0; i < 20; ++i) pool.push("long", "long", [&] { toil(40ms); ++long_ones; });
  auto when_done = std::promise<int>();
  for (auto i = 0; i < 40; ++i) {
    pool.push("short", "short", [&, i] {
      toil(2ms);
      ++short_ones;
      if (i == 39) when_done.set_value(long_ones);
    });
  }
  pool.start();
  EXPECT_LT(when_done.get_future().get(), 10);  // 80 ms of one are about two requests of the other
  pool.stop();
}

TEST(callers, of_one_address_are_served_in_turn) {
  auto pool = workers(1);
  auto order = std::string();
  for (auto i = 0; i < 3; ++i) pool.push("home", "a", [&] { order += 'a'; });
  for (auto i = 0; i < 3; ++i) pool.push("home", "b", [&] { order += 'b'; });
  pool.start();
  pool.stop();
  EXPECT_EQ("ababab", order);
}

TEST(a_queue, of_a_caller_and_of_an_address_has_an_end_and_others_have_theirs) {
  auto pool = workers(1);
  for (auto i = std::size_t(0); i < workers::per_caller_max; ++i) pool.push("home", "a", [] {});
  EXPECT_THROW(pool.push("home", "a", [] {}), fault);
  for (auto const* const name : {"b", "c", "d"}) {
    for (auto i = std::size_t(0); i < workers::per_caller_max; ++i) pool.push("home", name, [] {});
  }
  EXPECT_THROW(pool.push("home", "e", [] {}), fault);
  pool.push("elsewhere", "a", [] {});
  EXPECT_EQ(4 * workers::per_caller_max + 1, pool.waiting());
  pool.start();
  pool.stop();
}

TEST(a_job, comes_round_and_a_fault_does_not_end_it) {
  auto pool = workers(2);
  auto runs = std::atomic<int>(0);
  pool.add_job({.name = "test", .every = 1ms, .run = [&] {
                  ++runs;
                  throw fault(fault_kind::internal, "on purpose");
                }});
  pool.start();
  while (runs < 3) std::this_thread::yield();
  pool.stop();
}

}  // namespace
}  // namespace dos::app
