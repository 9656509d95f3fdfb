// Whether the clock has jumped, as by a hand or a wrong time server, against the time that has passed.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>

#include "base/time.h"

namespace dos {

class clock_watch {
 public:
  static constexpr std::int64_t jump_us = 3'600 * us_per_second;

  // Any thread, now and then.
  void look(timestamp now) {
    auto const lock = std::lock_guard(mutex_);
    auto const steady = passed();
    if (!begun_) trust_now(now, steady);
    auto const off = (now.us - wall_) - (steady - steady_);
    if (off > jump_us || off < -jump_us) {
      jumped_ = true;
    } else {  // slow drift is no jump
      jumped_ = false;
      wall_ = now.us;
      steady_ = steady;
    }
  }
  void trust(timestamp now) {
    auto const lock = std::lock_guard(mutex_);
    trust_now(now, passed());
  }
  bool has_jumped() const { return jumped_; }

 private:
  static std::int64_t passed() {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
  void trust_now(timestamp now, std::int64_t steady) {
    begun_ = true;
    jumped_ = false;
    wall_ = now.us;
    steady_ = steady;
  }

  std::mutex mutex_;
  bool begun_ = false;
  std::int64_t wall_ = 0, steady_ = 0;
  std::atomic<bool> jumped_{false};
};

}  // namespace dos
