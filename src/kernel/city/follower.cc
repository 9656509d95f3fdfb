#include "kernel/city/follower.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <span>

#include "base/log.h"
#include "base/thread_name.h"
#include "kernel/city/changes.h"

namespace dos {

follower::follower(parts p, std::uint64_t checkpoint, counters numbers)
    : parts_(std::move(p)), checkpointed_(checkpoint), last_numbers_(numbers) {}

void follower::push(committed_batch b) {
  {
    auto const lock = std::lock_guard(mutex_);
    lag_bytes_ += b.bytes;
    queue_.push_back(std::move(b));
  }
  pushed_.notify_one();  // who wakes up must not find the lock held
}

void follower::start() {
  following_ = std::thread([this] {
    name_thread("follow " + parts_.city);
    follow();
  });
  writing_ = std::thread([this] {
    name_thread("save " + parts_.city);
    write_checkpoints();
  });
}

void follower::stop() {
  {
    auto const lock = std::lock_guard(mutex_);
    stopping_ = true;
    pushed_.notify_all();
  }
  if (following_.joinable()) following_.join();
  {
    auto const lock = std::lock_guard(mutex_);
    followed_ = true;
    handed_.notify_all();
  }
  if (writing_.joinable()) writing_.join();
}

// The state first: a checkpoint must have all of it, whatever becomes of those who are told.
void follower::process(committed_batch b) {
  auto const add_to_ledger = [&](timestamp at) {
    return each_of{[this, at](effect::counted_in_ledger const& e) { parts_.ledger.add(at, e.source, e.what, e.reason, e.n); },
                   ignoring<effect::entity_changed, effect::entity_forgotten, effect::series_started, effect::series_removed,
                            effect::observed, effect::observed_many, effect::observation_changed, effect::observation_removed,
                            effect::record_written>()};
  };
  for (auto const& w : b.writes) {
    dirty_.note(w.effects);
    for (auto const& e : w.effects.effects) std::visit(add_to_ledger(w.effects.at), e);
  }
  dirty_.entities.merge(std::move(b.after));
  dirty_.position = b.position;
  dirty_.bytes += b.bytes;
  dirty_.numbers = b.numbers;
  dirty_.names = b.names;
  try {
    tell(b);
  } catch (std::exception const& e) {
    log::error("what was committed could not be told; everybody reads it from the log", {{"city", parts_.city}, {"reason", e.what()}});
    parts_.hub.start_at(b.position);
    parts_.matcher.read_again_from(b.position);
  }
}

void follower::tell(committed_batch const& b) {
  auto changes = std::vector<change>();
  for (auto const& w : b.writes) append_changes(b.position, w.effects, w.images, parts_.entities, changes);
  auto const shared = std::make_shared<std::vector<change> const>(std::move(changes));
  parts_.hub.publish(b.position, shared, b.bytes);
  auto const is_subscription = [this](change const& c) {
    auto const* const r = std::get_if<record_change>(&c);
    return r && parts_.matcher.has_kind(r->collection);
  };
  for (auto next = shared->begin(); next != shared->end();) {
    auto const subscription = std::find_if(next, shared->end(), is_subscription);
    parts_.matcher.on_changes({next, subscription});
    if (subscription == shared->end()) break;
    auto const& r = std::get<record_change>(*subscription);
    parts_.matcher.on_record(r.collection, r.key, r.record.get());
    next = subscription + 1;
  }
}

// Something of the state was not noted: only a restart, which reads the log again, can save it.
void follower::lose(std::exception const& e) {
  log::error("no more checkpoints until a restart; the log keeps everything", {{"city", parts_.city}, {"reason", e.what()}});
  auto const lock = std::lock_guard(mutex_);
  lost_ = trouble_ = std::string("the state is not saved until a restart: ") + e.what();
}

void follower::follow() {
  auto last = std::chrono::steady_clock::now();
  auto lock = std::unique_lock(mutex_);
  for (;;) {
    pushed_.wait_for(lock, std::chrono::milliseconds(200), [&] { return stopping_ || wanted_ || !queue_.empty(); });
    while (!queue_.empty()) {
      auto b = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      try {
        process(std::move(b));
      } catch (std::exception const& e) {
        lose(e);
      }
      lock.lock();
      if (dirty_.bytes > parts_.options.lag_bytes_max / 4) break;
    }
    auto const age = std::chrono::steady_clock::now() - last;
    auto const due = age >= std::chrono::microseconds(parts_.options.checkpoint_us) || wanted_ || stopping_ ||
                     dirty_.bytes > parts_.options.lag_bytes_max / 4 || parts_.history.wants_flush();
    if (due && !is_handed_over_) {
      last = std::chrono::steady_clock::now();
      hand_over(lock);
    }
    if (stopping_ && queue_.empty() && (dirty_.empty() || !lost_.empty())) return;
    if (is_handed_over_ && (stopping_ || wanted_ || dirty_.bytes > parts_.options.lag_bytes_max / 4)) {
      // The next checkpoint is due, or the disk is slower than the writers: wait for the one that runs.
      written_.wait_for(lock, std::chrono::milliseconds(100));
    }
  }
}

void follower::hand_over(std::unique_lock<std::mutex>& lock) {
  if (lost_.empty()) {
    lock.unlock();
    try {
      auto subscriptions = parts_.matcher.take_changed();
      auto lines = parts_.ledger.take_changed();
      std::move(subscriptions.begin(), subscriptions.end(), std::back_inserter(dirty_.subscriptions));
      std::move(lines.begin(), lines.end(), std::back_inserter(dirty_.ledger));
    } catch (std::exception const& e) {
      lose(e);
    }
    lock.lock();
  }
  if (dirty_.position == 0 && (!dirty_.subscriptions.empty() || !dirty_.ledger.empty())) {
    // Nothing was written, but something was sent: that belongs to the position of the last checkpoint.
    dirty_.position = handed_over_.position ? handed_over_.position : checkpointed_;
    dirty_.numbers = handed_over_.position ? handed_over_.numbers : last_numbers_;
    dirty_.names = handed_over_.position ? handed_over_.names : last_names_;
  }
  if (lost_.empty() && dirty_.position != 0) merge(handed_over_, std::exchange(dirty_, {}));
  // Also what could not be written the last time.
  if (lost_.empty() && handed_over_.position != 0) {
    is_handed_over_ = true;
    wanted_ = false;
    handed_.notify_one();
  } else if (wanted_) {
    wanted_ = false;
    ++attempts_;
    written_.notify_all();
  }
}

// What is older than the log is kept goes, by the times that its entries have; images begin with what is left.
void follower::truncate_log(std::uint64_t checkpoint) {
  auto const now = parts_.clock.now();
  auto keep_from = std::min(parts_.log.first_after({now.us - parts_.options.log_retention_us}), checkpoint);
  if (keep_from > parts_.log.first()) {
    parts_.log.read(keep_from, 1, [&](store::log_batch const& b) {
      if (auto const stretch = images_from(b.bytes); stretch != 0) keep_from = std::min(keep_from, stretch);
      return false;
    });
  }
  // Also when nothing is old enough: this folds the write-ahead log, which appends would have to do otherwise.
  parts_.log.truncate(keep_from);
}

void follower::expire_history(std::uint64_t checkpoint) {
  constexpr std::int64_t round_us = 3'600 * us_per_second;
  constexpr std::size_t series_a_transaction = 500;
  auto const now = parts_.clock.now();
  if (expired_at_ != timestamp_min && now - expired_at_ < round_us) return;
  expired_at_ = now;
  auto const due = parts_.expiring(now);
  if (due.empty()) return;
  {
    // What still waits for a chunk of its own is as old as it is.
    auto t = parts_.state.begin();
    parts_.history.flush_all(t, checkpoint);
    t.commit();
    parts_.history.flushed();
  }
  for (auto i = std::size_t(0); i < due.size();) {
    auto t = parts_.state.begin();
    for (auto const end = std::min(due.size(), i + series_a_transaction); i < end; ++i) {
      parts_.history.expire(t, due[i].first, due[i].second);
    }
    t.commit();
  }
}

void follower::write_checkpoints() {
  auto lock = std::unique_lock(mutex_);
  for (;;) {
    handed_.wait(lock, [&] { return is_handed_over_ || followed_; });
    if (!is_handed_over_) return;
    auto work = std::exchange(handed_over_, {});
    lock.unlock();
    auto trouble = std::string();
    auto is_saved = false;
    try {
      write_checkpoint(parts_.state, work, parts_.history, parts_.names);
      is_saved = true;
      truncate_log(work.position);
      expire_history(work.position);
    } catch (std::exception const& e) {
      trouble = e.what();
      log::error(is_saved ? "the log was not shortened, or old history is still there" : "the checkpoint failed; the log keeps everything",
                 {{"city", parts_.city}, {"reason", trouble}});
    }
    lock.lock();
    ++attempts_;
    trouble_ = lost_.empty() ? trouble : lost_;
    if (is_saved) {
      checkpointed_ = work.position;
      lag_bytes_ -= work.bytes;
      last_numbers_ = work.numbers;
      last_names_ = work.names;
      is_stuck_ = false;
    } else {
      is_stuck_ = true;
      handed_over_ = std::move(work);
      if (!followed_) {
        written_.notify_all();
        handed_.wait_for(lock, std::chrono::seconds(1), [&] { return followed_; });
      }
    }
    is_handed_over_ = false;
    written_.notify_all();
    if (followed_ && !is_saved) return;
    lock.unlock();
    work = {};  // much to free: nobody has to wait for it
    lock.lock();
  }
}

void follower::checkpoint_now() {
  auto lock = std::unique_lock(mutex_);
  // What was pushed before is part of it: the queue is drained before a checkpoint is handed over.
  auto const target = attempts_ + (is_handed_over_ ? 2 : 1);
  wanted_ = true;
  pushed_.notify_one();
  written_.wait(lock, [&] { return attempts_ >= target || stopping_; });
  if (!trouble_.empty()) throw fault(fault_kind::unavailable, "the checkpoint failed: " + trouble_);
}

std::uint64_t follower::checkpointed() const {
  auto const lock = std::lock_guard(mutex_);
  return checkpointed_;
}

std::string follower::hindrance() const {
  auto const lock = std::lock_guard(mutex_);
  return !lost_.empty() ? lost_ : is_stuck_ ? trouble_ : std::string();
}

std::string follower::trouble() const {
  auto const lock = std::lock_guard(mutex_);
  return trouble_;
}

}  // namespace dos
