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
    auto const [it, is_idle] = queues_.try_emplace(source);
    auto& queue = it->second;
    if (queue.work.size() >= limits_.queue_max || (!queue.work.empty() && queue.bytes + bytes > limits_.queue_bytes_max)) return false;
    queue.work.emplace_back(std::move(work), bytes);
    queue.bytes += bytes;
    ++waiting_;
    if (!is_idle) return true;
    turn_.push_back(source);
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
    auto const source = std::move(turn_.front());
    turn_.pop_front();
    auto& queue = queues_.at(source);
    auto work = std::move(queue.work.front().first);
    queue.bytes -= queue.work.front().second;
    queue.work.pop_front();
    --waiting_;
    lock.unlock();
    try {
      work();
    } catch (std::exception const& e) {
      log::error("a message could not be worked on", {{"source", source}, {"reason", e.what()}});
    }
    work = nullptr;
    lock.lock();
    if (queue.work.empty()) {
      queues_.erase(source);
    } else {
      turn_.push_back(source);
      change_.notify_one();
    }
  }
}

}  // namespace dos::lorawan
