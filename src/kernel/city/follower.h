// Follows the commits of a city in log order: live streams, subscriptions, ledger, checkpoints. Slows nobody down but
// by the bound on what a restart would have to replay.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kernel/city/checkpoint.h"
#include "kernel/city/city.h"
#include "kernel/events/live_hub.h"
#include "kernel/events/matcher.h"
#include "kernel/store/commit_log.h"

namespace dos {

struct committed_write {
  write_effects effects;
  std::vector<image_pair> images;  // of each entity_changed, in order
};
struct committed_batch {
  std::uint64_t position = 0;
  std::uint64_t bytes = 0;  // in the log
  std::vector<committed_write> writes;
  entity_images after;
  counters numbers;
  std::uint32_t names = 0;  // in the city's table as of this batch
};

class follower {
 public:
  struct parts {
    std::string city;
    store::commit_log& log;
    store::state_db& state;
    dos::history& history;
    entity_store const& entities;
    dos::matcher& matcher;
    live_hub& hub;
    dos::ledger& ledger;
    shared_names& names;
    dos::clock const& clock;
    city_options options;
    // Series with the time before which retention lets their history go.
    std::function<std::vector<std::pair<series_id, timestamp>>(timestamp now)> expiring;
  };
  follower(parts p, std::uint64_t checkpoint, counters numbers);
  ~follower() { stop(); }

  void push(committed_batch b);
  void start();
  void stop();              // what has been pushed is followed and checkpointed
  void checkpoint_now();    // waits; throws the fault that hindered it

  std::uint64_t checkpointed() const;
  std::uint64_t lag_bytes() const { return lag_bytes_; }  // of the log, behind the checkpoint
  std::string trouble() const;    // what is not as it should be, else empty
  std::string hindrance() const;  // why no checkpoint can be written, else empty

 private:
  void follow();
  void process(committed_batch b);
  void tell(committed_batch const& b);
  void hand_over(std::unique_lock<std::mutex>& lock);
  void lose(std::exception const& e);
  void write_checkpoints();
  void truncate_log(std::uint64_t checkpoint);
  void expire_history(std::uint64_t checkpoint);

  parts parts_;
  mutable std::mutex mutex_;
  std::condition_variable pushed_, handed_, written_;
  std::deque<committed_batch> queue_;
  dirty_state dirty_;            // the following thread's
  dirty_state handed_over_;      // to the writing thread
  bool is_handed_over_ = false;
  bool wanted_ = false;          // checkpoint_now waits
  bool stopping_ = false, followed_ = false;
  std::uint64_t checkpointed_;
  std::atomic<std::uint64_t> lag_bytes_ = 0;
  counters last_numbers_;        // as of the last checkpoint
  std::uint32_t last_names_ = 0;
  std::uint64_t attempts_ = 0;   // checkpoints tried
  bool is_stuck_ = false;        // the last one failed
  std::string trouble_;
  std::string lost_;  // why no checkpoint can be written any more until a restart has read the log again
  timestamp expired_at_ = timestamp_min;                    // the last round of history retention
  std::thread following_, writing_;
};

}  // namespace dos
