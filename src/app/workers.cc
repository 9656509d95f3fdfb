#include "app/workers.h"

#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <memory>

#include "base/log.h"
#include "base/thread_name.h"
#include "net/address.h"

namespace dos::app {
namespace {

constexpr auto charge_every = std::chrono::milliseconds(20);

shares::time processor_time(clockid_t clock) {
  auto t = timespec();
  ::clock_gettime(clock, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

shares::time now() { return std::chrono::steady_clock::now().time_since_epoch(); }

}  // namespace

workers::workers(int threads) : count_(threads), shares_(threads) {}

void workers::push(std::string const& address, std::string const& caller, std::function<void()> work) {
  auto const lock = std::lock_guard(mutex_);
  if (stopping_) throw fault(fault_kind::unavailable, "the server is stopping");
  if (auto const it = lines_.find(address); it != lines_.end()) {
    auto const of_caller = it->second.waiting_of(caller).entries;
    if (of_caller >= per_caller_max || it->second.waiting().entries >= per_address_max) {
      auto const most = of_caller >= per_caller_max ? per_caller_max : per_address_max;
      throw fault(fault_kind::too_many, "more than " + std::to_string(most) + " requests of yours are waiting; send slower");
    }
  }
  put(address, caller, std::move(work));
}

void workers::add_job(job j) { jobs_.push_back(std::move(j)); }

void workers::start() {
  auto const lock = std::lock_guard(mutex_);  // who begins looks at all of them
  for (auto i = 0; i < count_; ++i) {
    auto& me = threads_.emplace_back();
    me.thread = std::thread([this, i, &me] {
      name_thread("worker " + std::to_string(i));
      work(me);
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
  for (auto& t : threads_) t.thread.join();
  threads_.clear();
}

std::size_t workers::waiting() const {
  auto const lock = std::lock_guard(mutex_);
  return waiting_;
}

void workers::put(std::string const& address, std::string const& caller, std::function<void()> work) {
  lines_[address].push(caller, std::move(work));
  ++waiting_;
  filled_.notify_one();
}

std::function<void()> workers::take(std::string const& address) {
  auto const line = lines_.find(address);
  auto work = line->second.pop().entry;
  --waiting_;
  if (!line->second.has_next()) lines_.erase(line);
  return work;
}

// What a thread has used since it was asked last, also while it is at work.
void workers::charge(thread_state& t) {
  if (t.address.empty()) return;
  auto const used = processor_time(t.clock);
  shares_.charge(t.address, used - t.charged, now());
  t.charged = used;
}

std::optional<std::string> workers::next() {
  auto const at = now();
  if (at - charged_at_ > charge_every) {
    for (auto& t : threads_) charge(t);
    shares_.forget_idle(at);
    charged_at_ = at;
  }
  auto waiting = std::vector<std::string_view>();
  waiting.reserve(lines_.size());
  for (auto const& [address, line] : lines_) waiting.push_back(address);
  auto chosen = shares_.next(waiting, at);
  if (!chosen && stopping_ && !lines_.empty()) chosen = lines_.begin()->first;
  return chosen;
}

void workers::work(thread_state& me) {
  auto lock = std::unique_lock(mutex_);
  ::pthread_getcpuclockid(::pthread_self(), &me.clock);
  for (;;) {
    auto chosen = std::optional<std::string>();
    filled_.wait(lock, [&] { return (chosen = next()) || stopping_; });
    if (!chosen) return;
    auto run = take(*chosen);
    me.address = std::move(*chosen);
    me.charged = processor_time(me.clock);
    shares_.begin(me.address);
    lock.unlock();
    try {
      run();
    } catch (std::exception const& e) {  // whoever pushed it should have answered
      log::error("a piece of work failed", {{"reason", e.what()}});
    }
    run = nullptr;
    lock.lock();
    charge(me);
    shares_.end(me.address);
    me.address.clear();
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
          auto const name = "job/" + jobs_[i].name;
          put(name, name, [&j = jobs_[i], running = t.running] {
            try {
              j.run();
            } catch (std::exception const& e) {
              log::error("a job failed", {{"job", j.name}, {"reason", e.what()}});
            }
            *running = false;
          });
        }
      }
      next = std::min(next, t.due);
    }
    job_wake_.wait_until(lock, next);
  }
}

}  // namespace dos::app
