#include "kernel/city/write_queues.h"

#include <algorithm>

namespace dos {

void write_queues::push(queued_write w) {
  auto lock = std::unique_lock(mutex_);
  if (closed_) throw fault(fault_kind::unavailable, "the city is being closed");
  auto& queue = queues_[w.source];
  if (queue.weight >= limits_.weight_max) {
    throw fault(fault_kind::too_many, "more than " + std::to_string(limits_.weight_max) + " writes of " + w.source +
                                          " are waiting; send slower and repeat this one");
  }
  if (!queue.writes.empty() && queue.bytes + w.bytes > limits_.bytes_max) {
    throw fault(fault_kind::too_many, "more than " + std::to_string(limits_.bytes_max) + " bytes of writes of " + w.source +
                                          " are waiting; send slower and repeat this one");
  }
  auto const was_empty = size_ == 0;
  queue.bytes += w.bytes;
  queue.weight += w.weight;
  size_ += w.weight;
  queue.writes.push_back(std::move(w));
  lock.unlock();  // who wakes up must not find it held
  if (was_empty) filled_.notify_one();
}

std::vector<queued_write> write_queues::take(std::size_t n) {
  auto lock = std::unique_lock(mutex_);
  filled_.wait(lock, [&] { return size_ > 0 || closed_; });
  auto taken = std::vector<queued_write>();
  taken.reserve(std::min(n, size_));
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
  auto it = queues_.upper_bound(turn_);
  while (weight < n && size_ > 0) {
    if (it == queues_.end()) it = queues_.begin();
    turn_ = it->first;
    auto& [writes, waiting, bytes] = it->second;
    taken.push_back(std::move(writes.front()));
    writes.pop_front();
    auto const mine = taken.back().weight;
    weight += mine;
    waiting -= mine;
    bytes -= taken.back().bytes;
    size_ -= mine;
    it = writes.empty() ? queues_.erase(it) : std::next(it);
  }
}

void write_queues::close() {
  auto const lock = std::lock_guard(mutex_);
  closed_ = true;
  filled_.notify_all();
}

std::size_t write_queues::size() const {
  auto const lock = std::lock_guard(mutex_);
  return size_;
}

}  // namespace dos
