#include "ingest/lorawan/fair_workers.h"

#include <gtest/gtest.h>

#include <future>

namespace dos::lorawan {
namespace {

TEST(a_flood, of_one_source_does_not_delay_the_other) {
  auto order = std::vector<std::string>();
  auto done = std::promise<void>();
  auto gate = std::promise<void>();
  auto const open = gate.get_future().share();
  auto workers = fair_workers({.threads = 1, .queue_max = 100});
  ASSERT_TRUE(workers.post("gate", [open] { open.wait(); }));
  for (auto i = 0; i < 100; ++i) ASSERT_TRUE(workers.post("flood", [&] { order.push_back("flood"); }));
  ASSERT_TRUE(workers.post("quiet", [&] {
    order.push_back("quiet");
    done.set_value();
  }));
  gate.set_value();
  done.get_future().wait();
  EXPECT_EQ((std::vector<std::string>{"flood", "quiet"}), order);
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

}  // namespace
}  // namespace dos::lorawan
