#include "base/fair_queues.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dos {
namespace {

std::vector<std::string> all_of(fair_queues<std::string>& q) {
  auto out = std::vector<std::string>();
  while (q.has_next()) out.push_back(q.pop().entry);
  return out;
}

TEST(FairQueues, OneEntryOfEachInTurnAndEachInOrder) {
  auto q = fair_queues<std::string>();
  for (auto const* e : {"a1", "a2", "a3"}) q.push("a", e);
  q.push("b", "b1");
  for (auto const* e : {"c1", "c2"}) q.push("c", e);
  EXPECT_EQ(all_of(q), (std::vector<std::string>{"a1", "b1", "c1", "a2", "c2", "a3"}));
}

TEST(FairQueues, WhoComesLateWaitsForOneTurnOfTheOthers) {
  auto q = fair_queues<std::string>();
  for (auto i = 0; i < 100; ++i) q.push("flood", "f");
  q.pop();
  q.push("late", "l");
  EXPECT_EQ(q.pop().entry, "f");
  EXPECT_EQ(q.pop().entry, "l");
}

TEST(FairQueues, WhoComesAgainAndAgainDoesNotOvertake) {
  auto q = fair_queues<std::string>();
  for (auto i = 0; i < 3; ++i) q.push("flood", "f");
  for (auto i = 0; i < 3; ++i) q.push("other", "o");
  q.push("quick", "q");
  auto order = std::string();
  for (auto i = 0; i < 6; ++i) {
    order += q.pop().entry;
    if (order.back() == 'q') q.push("quick", "q");
  }
  EXPECT_EQ(order, "foqfoq");
}

TEST(FairQueues, NothingOfWhoIsHeld) {
  auto q = fair_queues<std::string>();
  q.push("a", "a1");
  q.push("a", "a2");
  q.push("b", "b1");
  auto const [whose, first] = q.pop_and_hold();
  EXPECT_EQ(whose, "a");
  EXPECT_EQ(first.entry, "a1");
  q.push("a", "a3");
  EXPECT_EQ(q.pop().entry, "b1");
  EXPECT_FALSE(q.has_next());
  EXPECT_EQ(q.waiting().entries, 2u);
  q.release("a");
  EXPECT_EQ(all_of(q), (std::vector<std::string>{"a2", "a3"}));
}

TEST(FairQueues, WhoIsHeldAndBringsNothingIsForgotten) {
  auto q = fair_queues<std::string>();
  q.push("a", "a1");
  q.pop_and_hold();
  q.release("a");
  EXPECT_FALSE(q.has_next());
  q.push("a", "a2");
  EXPECT_EQ(all_of(q), (std::vector<std::string>{"a2"}));
}

TEST(FairQueues, WhatWaitsIsCountedOfEachAndOfAll) {
  auto q = fair_queues<std::string>();
  q.push("a", "a1", 10, 100);
  q.push("a", "a2", 1, 7);
  q.push("b", "b1", 5, 50);
  EXPECT_EQ(q.waiting_of("a").weight, 11u);
  EXPECT_EQ(q.waiting().bytes, 157u);
  EXPECT_EQ(q.pop().load.weight, 10u);
  EXPECT_EQ(q.waiting_of("a").bytes, 7u);
  EXPECT_EQ(q.waiting().weight, 6u);
  all_of(q);
  EXPECT_EQ(q.waiting_of("a").entries, 0u);
  EXPECT_EQ(q.waiting().bytes, 0u);
}

}  // namespace
}  // namespace dos
