#include "app/workers.h"

#include <memory>

#include "base/log.h"
#include "base/thread_name.h"

namespace dos::app {

workers::workers(int threads) : count_(threads) {}

void workers::push(std::string const& caller, std::function<void()> work) {
  auto const lock = std::lock_guard(mutex_);
  if (stopping_) throw fault(fault_kind::unavailable, "the server is stopping");
  auto& queue = queues_[caller];
  if (queue.size() >= per_caller_max) {
    throw fault(fault_kind::too_many, "more than " + std::to_string(per_caller_max) + " of your requests are waiting; send slower");
  }
  queue.push_back(std::move(work));
  ++waiting_;
  filled_.notify_one();
}

void workers::add_job(job j) { jobs_.push_back(std::move(j)); }

void workers::start() {
  for (auto i = 0; i < count_; ++i) {
    threads_.emplace_back([this, i] {
      name_thread("worker " + std::to_string(i));
      work();
    });
  }
  job_thread_ = std::thread([this] {
    name_thread("jobs");
    run_jobs();
  });
}

void workers::stop() {
  {
    auto const lock = std::lock_guard(mutex_);
    stopping_ = true;
    filled_.notify_all();
    job_wake_.notify_all();
  }
  if (job_thread_.joinable()) job_thread_.join();
  for (auto& t : threads_) t.join();
  threads_.clear();
}

std::size_t workers::waiting() const {
  auto const lock = std::lock_guard(mutex_);
  return waiting_;
}

void workers::work() {
  auto lock = std::unique_lock(mutex_);
  for (;;) {
    filled_.wait(lock, [&] { return stopping_ || waiting_ > 0; });
    if (waiting_ == 0) return;
    auto it = queues_.upper_bound(turn_);
    if (it == queues_.end()) it = queues_.begin();
    turn_ = it->first;
    auto const run = std::move(it->second.front());
    it->second.pop_front();
    --waiting_;
    if (it->second.empty()) queues_.erase(it);
    lock.unlock();
    try {
      run();
    } catch (std::exception const& e) {  // whoever pushed it should have answered
      log::error("a piece of work failed", {{"reason", e.what()}});
    }
    lock.lock();
  }
}

void workers::run_jobs() {
  using clock = std::chrono::steady_clock;
  struct turn {
    clock::time_point due;
    std::shared_ptr<std::atomic<bool>> running = std::make_shared<std::atomic<bool>>(false);
  };
  auto turns = std::vector<turn>();
  for (auto const& j : jobs_) turns.push_back({clock::now() + j.every});
  auto lock = std::unique_lock(mutex_);
  while (!stopping_) {
    auto next = clock::now() + std::chrono::seconds(1);
    for (auto i = std::size_t(0); i < jobs_.size(); ++i) {
      auto& t = turns[i];
      if (t.due <= clock::now()) {
        t.due = clock::now() + jobs_[i].every;
        if (!t.running->exchange(true)) {
          queues_["job/" + jobs_[i].name].push_back([&j = jobs_[i], running = t.running] {
            try {
              j.run();
            } catch (std::exception const& e) {
              log::error("a job failed", {{"job", j.name}, {"reason", e.what()}});
            }
            *running = false;
          });
          ++waiting_;
          filled_.notify_one();
        }
      }
      next = std::min(next, t.due);
    }
    job_wake_.wait_until(lock, next);
  }
}

}  // namespace dos::app
