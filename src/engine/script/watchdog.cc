#include "engine/script/watchdog.h"

#include <chrono>

#include "base/thread_name.h"
#include "engine/script/wasm_runtime.h"

namespace dos::script {
namespace {

constexpr auto look_every = std::chrono::milliseconds(10);

}  // namespace

watchdog& watchdog::instance() {
  static watchdog w;
  return w;
}

watchdog::watchdog()
    : thread_([this] {
        name_thread("script watch");
        watch();
      }) {}

watchdog::~watchdog() {
  {
    auto const lock = std::lock_guard(mutex_);
    ends_ = true;
  }
  change_.notify_one();
  thread_.join();
}

void watchdog::add(run& r) {
  auto const lock = std::lock_guard(mutex_);
  runs_.push_back(&r);
}

void watchdog::remove(run& r) {
  auto const lock = std::lock_guard(mutex_);
  std::erase(runs_, &r);
}

// Costs a run no more than a store: the thread is woken only after a pause.
void watchdog::wake() {
  was_active_ = true;
  if (!sleeps_) return;
  { auto const lock = std::lock_guard(mutex_); }  // it either saw the activity or waits already
  change_.notify_one();
}

void watchdog::watch() {
  auto lock = std::unique_lock(mutex_);
  while (!ends_) {
    sleeps_ = true;
    change_.wait(lock, [&] { return ends_ || was_active_; });
    sleeps_ = false;
    // A run of the longest allowed time must not fall asleep on the watch: look until one whole second was quiet.
    for (auto quiet = std::chrono::milliseconds(0); !ends_ && quiet < std::chrono::seconds(1); quiet += look_every) {
      if (was_active_.exchange(false)) quiet = {};
      change_.wait_for(lock, look_every, [&] { return ends_; });
      for (auto* const r : runs_) {
        if (r->stop_if_overdue()) quiet = {};
      }
    }
  }
}

}  // namespace dos::script
