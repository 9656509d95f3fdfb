// Threads that work off one queue a source, in turn, so that a flood from one source delays nobody else's messages. The
// messages of one source are worked on one after the other: frames of a device stay in order.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fair_queues.h"

namespace dos::lorawan {

class fair_workers {
 public:
  struct limits {
    std::size_t threads = 2;
    std::size_t queue_max = 4'000;  // messages waiting of one source
    std::size_t queue_bytes_max = 32 << 20;  // of them
  };
  explicit fair_workers(limits l);
  ~fair_workers() { stop(); }
  fair_workers(fair_workers const&) = delete;

  // False: this source's queue is full.
  [[nodiscard]] bool post(std::string const& source, std::function<void()> work, std::size_t bytes = 0);
  std::size_t waiting() const;
  // Ends the threads after the work they are at. What still waits is dropped: nobody was told that it came.
  void stop();

 private:
  void run();

  limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable change_;
  fair_queues<std::function<void()>> queues_;  // by source; held while somebody works for it
  bool ends_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace dos::lorawan
