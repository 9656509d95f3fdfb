#include "kernel/city/write_queues.h"

#include <algorithm>

namespace dos {

void write_queues::push(queued_write w) {
  auto lock = std::unique_lock(mutex_);
  if (closed_) throw fault(fault_kind::unavailable, "the city is being closed");
  auto const waiting = queues_.waiting_of(w.source);
  if (waiting.weight >= limits_.weight_max) {
    throw fault(fault_kind::too_many, "more than " + std::to_string(limits_.weight_max) + " writes of " + w.source +
                                          " are waiting; send slower and repeat this one");
  }
  if (waiting.entries > 0 && waiting.bytes + w.bytes > limits_.bytes_max) {
    throw fault(fault_kind::too_many, "more than " + std::to_string(limits_.bytes_max) + " bytes of writes of " + w.source +
                                          " are waiting; send slower and repeat this one");
  }
  auto const was_empty = !queues_.has_next();
  queues_.push(w.source, std::move(w), w.weight, w.bytes);
  lock.unlock();  // who wakes up must not find it held
  if (was_empty) filled_.notify_one();
}

std::vector<queued_write> write_queues::take(std::size_t n) {
  auto lock = std::unique_lock(mutex_);
  filled_.wait(lock, [&] { return queues_.has_next() || closed_; });
  auto taken = std::vector<queued_write>();
  taken.reserve(std::min(n, queues_.waiting().weight));
  take_waiting(taken, n);
  return taken;
}

bool write_queues::take_more(std::vector<queued_write>& taken, std::size_t n) {
  auto const lock = std::lock_guard(mutex_);
  auto const before = taken.size();
  take_waiting(taken, n);
  return taken.size() > before;
}

void write_queues::take_waiting(std::vector<queued_write>& taken, std::size_t n) {
  auto weight = std::size_t(0);
  while (weight < n && queues_.has_next()) {
    auto next = queues_.pop();
    weight += next.load.weight;
    taken.push_back(std::move(next.entry));
  }
}

void write_queues::close() {
  auto const lock = std::lock_guard(mutex_);
  closed_ = true;
  filled_.notify_all();
}

std::size_t write_queues::size() const {
  auto const lock = std::lock_guard(mutex_);
  return queues_.waiting().weight;
}

}  // namespace dos
