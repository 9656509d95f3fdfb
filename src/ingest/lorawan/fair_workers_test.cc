#include "ingest/lorawan/fair_workers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>

namespace dos::lorawan {
namespace {

TEST(a_flood, of_one_source_does_not_delay_the_other) {
  auto before = 0;  // of the flood, done before the quiet one; touched by the one worker only
  auto told = std::promise<int>();
  auto gate = std::promise<void>();
  auto const open = gate.get_future().share();
  auto workers = fair_workers({.threads = 1, .queue_max = 100});
  ASSERT_TRUE(workers.post("gate", [open] { open.wait(); }));
  for (auto i = 0; i < 100; ++i) ASSERT_TRUE(workers.post("flood", [&] { ++before; }));
  ASSERT_TRUE(workers.post("quiet", [&] { told.set_value(before); }));
  gate.set_value();
  EXPECT_EQ(1, told.get_future().get());
}

TEST(messages_of_one_source, stay_in_order_however_many_threads_there_are) {
  auto order = std::vector<int>();
  auto done = std::promise<void>();
  auto workers = fair_workers({.threads = 4, .queue_max = 1'000});
  for (auto i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(workers.post("a", [&, i] {
      order.push_back(i);
      if (i == 999) done.set_value();
    }));
  }
  done.get_future().wait();
  EXPECT_EQ(1'000u, order.size());
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(a_full_queue, refuses_its_own_source_only) {
  auto gate = std::promise<void>();
  auto const open = gate.get_future().share();
  auto workers = fair_workers({.threads = 1, .queue_max = 2});
  auto started = std::promise<void>();
  ASSERT_TRUE(workers.post("a", [&] {
    started.set_value();
    open.wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(workers.post("a", [] {}));
  EXPECT_TRUE(workers.post("a", [] {}));
  EXPECT_FALSE(workers.post("a", [] {}));
  EXPECT_TRUE(workers.post("b", [] {}));
  EXPECT_EQ(3u, workers.waiting());
  gate.set_value();
}

TEST(a_queue, is_full_of_bytes_as_well_and_lets_one_large_message_wait) {
  auto gate = std::promise<void>();
  auto const open = gate.get_future().share();
  auto workers = fair_workers({.threads = 1, .queue_max = 100, .queue_bytes_max = 1'000});
  auto started = std::promise<void>();
  ASSERT_TRUE(workers.post("a", [&] {
    started.set_value();
    open.wait();
  }, 900));
  started.get_future().wait();
  EXPECT_TRUE(workers.post("a", [] {}, 5'000));
  EXPECT_FALSE(workers.post("a", [] {}, 1));
  EXPECT_TRUE(workers.post("b", [] {}, 600));
  EXPECT_TRUE(workers.post("b", [] {}, 400));
  EXPECT_FALSE(workers.post("b", [] {}, 1));
  gate.set_value();
}

}  // namespace
}  // namespace dos::lorawan
