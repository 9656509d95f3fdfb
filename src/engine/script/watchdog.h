// Ends runs that outlive their time where the engine itself does not look at the clock, for example in
// `[].indexOf.call({length: 2 ** 53}, 1)`.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace dos::script {

class run;

class watchdog {
 public:
  static watchdog& instance();

  void add(run&);
  void remove(run&);  // on return nobody looks at it any more
  void wake();        // a run begins

 private:
  watchdog();
  ~watchdog();
  void watch();

  std::mutex mutex_;
  std::condition_variable change_;
  std::vector<run*> runs_;
  bool ends_ = false;
  std::atomic<bool> was_active_{false};
  std::atomic<bool> sleeps_{false};
  std::thread thread_;
};

}  // namespace dos::script
