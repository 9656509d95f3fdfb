// Time as the program sees it: what falls due by itself, a clock that has jumped, and a clock that tests turn by hand.
#pragma once

#include <atomic>

#include "contract/contract.h"

namespace dos::app {

// Goes on like the system's clock, from wherever it was set to.
class test_clock final : public clock {
 public:
  timestamp now() const override { return system_.now() + ahead_us_.load(); }
  void set(timestamp t) { ahead_us_ = t - system_.now(); }

 private:
  system_clock system_;
  std::atomic<std::int64_t> ahead_us_{0};
};

// A job that does what fell due, and POST /platform/v1/clock/trust: the clock of a city that has jumped is right. `by_hand`:
// the clock, where tests turn it: POST /test/clock, which answers when all that fell due is settled.
offer offer_clock(node const& n, test_clock* by_hand);

}  // namespace dos::app
