// Threads for what may wait or take long, and jobs that come round.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "contract/contract.h"

namespace dos::app {

class workers {
 public:
  explicit workers(int threads);
  ~workers() { stop(); }

  // One queue a caller, served in turn. Fault too_many when this caller has too much waiting.
  void push(std::string const& caller, std::function<void()> work);
  void add_job(job j);
  void start();
  void stop();
  std::size_t waiting() const;

 private:
  void work();
  void run_jobs();

  static constexpr std::size_t per_caller_max = 1'000;
  int const count_;
  mutable std::mutex mutex_;
  std::condition_variable filled_, job_wake_;
  std::map<std::string, std::deque<std::function<void()>>> queues_;  // none is empty
  std::string turn_;
  std::size_t waiting_ = 0;
  std::vector<job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
  std::thread job_thread_;
};

}  // namespace dos::app
