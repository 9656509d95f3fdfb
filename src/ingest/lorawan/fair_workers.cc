#include "ingest/lorawan/fair_workers.h"

#include <string>

#include "base/log.h"
#include "base/thread_name.h"

namespace dos::lorawan {

fair_workers::fair_workers(limits l) : limits_(l) {
  for (auto i = std::size_t(0); i < l.threads; ++i) {
    threads_.emplace_back([this, i] {
      name_thread("decode " + std::to_string(i));
      run();
    });
  }
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

bool fair_workers::post(std::string const& source, std::function<void()> work, std::size_t bytes) {
  {
    auto const lock = std::lock_guard(mutex_);
    auto const waiting = queues_.waiting_of(source);
    if (waiting.entries >= limits_.queue_max || (waiting.entries > 0 && waiting.bytes + bytes > limits_.queue_bytes_max)) return false;
    queues_.push(source, std::move(work), 1, bytes);
  }
  change_.notify_one();
  return true;
}

std::size_t fair_workers::waiting() const {
  auto const lock = std::lock_guard(mutex_);
  return queues_.waiting().entries;
}

void fair_workers::run() {
  auto lock = std::unique_lock(mutex_);
  for (;;) {
    change_.wait(lock, [this] { return ends_ || queues_.has_next(); });
    if (ends_) return;
    auto [source, next] = queues_.pop_and_hold();
    lock.unlock();
    try {
      next.entry();
    } catch (std::exception const& e) {
      log::error("a message could not be worked on", {{"source", source}, {"reason", e.what()}});
    }
    next.entry = nullptr;
    lock.lock();
    queues_.release(source);
    if (queues_.has_next()) change_.notify_one();
  }
}

}  // namespace dos::lorawan
