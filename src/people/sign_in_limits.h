// How often somebody may try to sign in: enough to stop guessing, never so little that others lock somebody out.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/time.h"

namespace dos::people {

// Failures are counted for each address, and for each account at each address; they are forgotten with time. Who guesses at one
// account from one address waits longer after each failure, up to delay_max; who tries many accounts waits as an address. Of the
// account alone nothing is counted but from strange addresses: its own devices always have their turn. In memory, bounded.
class sign_in_limits {
 public:
  static constexpr std::int64_t delay_us_max = 30 * us_per_second;
  static constexpr std::int64_t forgotten_after_us = 900 * us_per_second;
  static constexpr int free_tries = 5;            // of one account at one address
  static constexpr int free_tries_of_address = 30;
  static constexpr int free_tries_of_account = 100;  // of all strange addresses together
  static constexpr std::size_t entries_max = 100'000;

  // Seconds to wait; 0: go ahead. `account`: what was given as one, whether it exists or not.
  int wait_s(std::string_view address, std::string_view account, timestamp now);
  void failed(std::string_view address, std::string_view account, timestamp now);
  void succeeded(std::string_view address, std::string_view account, timestamp now);

 private:
  struct tries {
    int failures = 0;
    timestamp last;
    bool is_known = false;  // has signed in from there before
  };
  using key = std::pair<std::string, std::string>;  // address and account, one of them perhaps empty

  tries& of(key const& k, timestamp now);
  static std::int64_t wait_us(tries const& t, int free, timestamp now);

  std::mutex mutex_;
  std::map<key, tries> entries_;
};

}  // namespace dos::people
