#include "app/shares.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace dos::app {
namespace {

using namespace std::chrono_literals;

// Four threads, and requests that take as long as is said of each address; all of them always have more waiting.
struct busy_minute {
  struct address {
    std::string name;
    shares::time takes;
    int served = 0;
    shares::time used{};
  };

  void run(shares::time length) {
    auto threads = std::vector<std::pair<shares::time, address*>>(4);
    for (auto now = shares::time(); now < length; now += 1ms) {
      for (auto& [until, of] : threads) {
        if (of && now >= until) {
          s.end(of->name);
          ++of->served;
          of = nullptr;
        }
        if (of) {
          s.charge(of->name, 1ms, now);
          of->used += 1ms;
          continue;
        }
        auto const chosen = s.next(waiting(), now);
        if (!chosen) continue;
        of = &*std::find_if(all.begin(), all.end(), [&](auto const& a) { return a.name == *chosen; });
        s.begin(of->name);
        until = now + of->takes;
      }
    }
  }
  std::vector<std::string_view> waiting() const {
    auto names = std::vector<std::string_view>();
    for (auto const& a : all) names.push_back(a.name);
    return names;
  }

  std::vector<address> all;
  shares s{4};
};

TEST(shares, are_of_time_and_not_of_requests) {
  auto m = busy_minute{.all = {{"long", 1000ms}, {"short", 5ms}}};
  m.run(60s);
  EXPECT_GT(m.all[1].served, 100 * m.all[0].served);
  EXPECT_LT(m.all[0].used, 3 * m.all[1].used / 2);
  EXPECT_LT(m.all[1].used, 3 * m.all[0].used / 2);
}

TEST(shares, of_ten_that_ask_for_little_are_not_touched_by_one_that_asks_for_much) {
  auto s = shares(4);
  for (auto i = 0; i < 3; ++i) s.begin("attacker");  // as many as it ever has
  s.charge("attacker", 3s, 1s);
  s.charge("neighbour", 1s, 1s);
  EXPECT_EQ(std::nullopt, s.next({"attacker"}, 1s));
  EXPECT_EQ("citizen", s.next({"attacker", "citizen"}, 1s));
}

TEST(nobody, has_all_threads_and_who_uses_much_while_others_are_there_has_half_of_them) {
  auto s = shares(4);
  auto const begun = [&](std::string const& who, shares::time now) {
    auto n = 0;
    for (; s.next({who}, now); ++n) s.begin(who);
    return n;
  };
  EXPECT_EQ(3, begun("new", 0s));
  auto alone = shares(4);
  alone.charge("known", 2s, 0s);
  EXPECT_TRUE(alone.next({"known"}, 0s));
  for (auto i = 0; i < 2; ++i) alone.begin("known");
  EXPECT_TRUE(alone.next({"known"}, 0s));
  s.charge("new", 10ms, 0s);
  s.charge("known", 2s, 0s);
  EXPECT_EQ(2, begun("known", 0s));
  auto one = shares(1);
  EXPECT_EQ("alone", one.next({"alone"}, 0s));
}

TEST(what_was_used, is_forgotten_with_time) {
  auto s = shares(4);
  s.charge("x", 800ms, 10s);
  EXPECT_EQ(400ms, s.used_of_late("x", 12s));
  s.charge("x", 100ms, 12s);
  EXPECT_EQ(500ms, s.used_of_late("x", 12s));
  EXPECT_EQ(250ms, s.used_of_late("x", 14s));
  s.forget_idle(14s);
  EXPECT_EQ(1u, s.size());
  s.forget_idle(60s);
  EXPECT_EQ(0u, s.size());
}

TEST(one_that_is_at_work, is_not_forgotten_before_it_ends) {
  auto s = shares(4);
  s.begin("x");
  s.forget_idle(60s);
  s.end("x");
  s.forget_idle(60s);
  EXPECT_EQ(0u, s.size());
}

}  // namespace
}  // namespace dos::app
