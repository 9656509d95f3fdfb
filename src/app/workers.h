// Threads for what may wait or take long, and jobs that come round. They are shared by processor time, not by number of
// requests: who has used least of late comes first, so that an address which asks for much waits for itself.
#pragma once

#include <time.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/shares.h"
#include "base/fair_queues.h"
#include "contract/contract.h"

namespace dos::app {

class workers {
 public:
  explicit workers(int threads);
  ~workers() { stop(); }

  // `address` (net::shared_address) shares the threads with others (see shares.h), its callers are served in turn. Fault too_many when this
  // caller, or all callers of the address together, have too much waiting.
  void push(std::string const& address, std::string const& caller, std::function<void()> work);
  void add_job(job j);
  void start();
  void stop();
  std::size_t waiting() const;

  static constexpr std::size_t per_caller_max = 1'000;
  static constexpr std::size_t per_address_max = 4'000;

 private:
  struct thread_state {
    std::thread thread;
    std::string address;  // it works for; empty: none
    clockid_t clock{};    // its processor time
    shares::time charged{};  // of it, up to now
  };
  using line = fair_queues<std::function<void()>>;  // of one address, by caller

  void work(thread_state& me);
  void run_jobs();
  void put(std::string const& address, std::string const& caller, std::function<void()> work);
  std::function<void()> take(std::string const& address);
  void charge(thread_state& t);
  std::optional<std::string> next();

  int const count_;
  mutable std::mutex mutex_;
  std::condition_variable filled_, job_wake_;
  std::map<std::string, line> lines_;  // of addresses with work that waits
  shares shares_;
  shares::time charged_at_{};
  std::size_t waiting_ = 0;
  std::vector<job> jobs_;
  bool stopping_ = false;
  std::deque<thread_state> threads_;
  std::thread job_thread_;
};

}  // namespace dos::app
