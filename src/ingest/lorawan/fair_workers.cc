#include "ingest/lorawan/fair_workers.h"

namespace dos::lorawan {

fair_workers::fair_workers(limits l) : limits_(l) {
  for (auto i = std::size_t(0); i < l.threads; ++i) threads_.emplace_back([this] { run(); });
}

void fair_workers::stop() {
  {
    auto const lock = std::lock_guard(mutex_);
    ends_ = true;
  }
  change_.notify_all();
  for (auto& t : threads_) t.join();
  threads_.clear();
}

bool fair_workers::post(std::string const& source, std::function<void()> work) {
  {
    auto const lock = std::lock_guard(mutex_);
    auto& queue = queues_[source];
    if (queue.size() >= limits_.queue_max) return false;
    if (queue.empty()) turn_.push_back(source);
    queue.push_back(std::move(work));
    ++waiting_;
  }
  change_.notify_one();
  return true;
}

std::size_t fair_workers::waiting() const {
  auto const lock = std::lock_guard(mutex_);
  return waiting_;
}

void fair_workers::run() {
  auto lock = std::unique_lock(mutex_);
  for (;;) {
    change_.wait(lock, [this] { return ends_ || !turn_.empty(); });
    if (ends_) return;
    auto const source = queues_.find(turn_.front());
    auto work = std::move(source->second.front());
    source->second.pop_front();
    --waiting_;
    if (source->second.empty()) {
      turn_.pop_front();
      queues_.erase(source);
    } else {
      turn_.splice(turn_.end(), turn_, turn_.begin());
    }
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace dos::lorawan
