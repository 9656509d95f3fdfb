// Puts the writes of a city into one order. Every source has a bounded queue; queues are served in turn, so that a flood
// from one source holds up no other.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/fair_queues.h"
#include "kernel/city/session.h"

namespace dos {

struct queued_write {
  std::string source;
  session::decide decide;
  std::function<void(outcome)> done;
  std::size_t weight = 1;  // how many single writes it is worth
  std::size_t bytes = 0;   // that it keeps in memory, about
  std::shared_ptr<name_allowance> names = {};  // see principal
  std::shared_ptr<principal const> by = {};  // whose rights are asked: governed_write.h, granted_write.h
};

class write_queues {
 public:
  struct limits {
    std::size_t weight_max;  // waiting of one source
    std::size_t bytes_max;   //
  };
  explicit write_queues(limits of_a_source) : limits_(of_a_source) {}

  // Fault too_many when this source has too much waiting, unavailable after close(). A write that is larger than all that
  // may wait goes when nothing else of its source does.
  void push(queued_write w);
  // Waits for writes and takes some, of a weight of about `n`, one of each source in turn. Empty after close(), when nothing is left.
  std::vector<queued_write> take(std::size_t n);
  // Adds what is waiting, without waiting for it. False when that is nothing.
  bool take_more(std::vector<queued_write>& taken, std::size_t n);
  void close();
  std::size_t size() const;  // by weight

 private:
  void take_waiting(std::vector<queued_write>& taken, std::size_t n);

  limits const limits_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  fair_queues<queued_write> queues_;  // by source
  bool closed_ = false;
};

}  // namespace dos
