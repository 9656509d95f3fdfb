#include "kernel/session/follower.h"

#include <chrono>
#include <iterator>
#include <span>

#include "base/log.h"
#include "base/thread_name.h"

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

void follower::process(committed_batch b) {
  auto gathered = std::vector<entity_change>();
  auto of_write = std::vector<std::size_t>();  // how many
  for (auto& w : b.writes) {
    of_write.push_back(w.changes.size());
    if (gathered.empty()) gathered = std::move(w.changes);
    else std::move(w.changes.begin(), w.changes.end(), std::back_inserter(gathered));
  }
  auto const changes = std::make_shared<std::vector<entity_change> const>(std::move(gathered));
  parts_.hub.publish(b.position, changes);
  auto rest = std::span(*changes);
  auto n = of_write.begin();
  for (auto const& w : b.writes) {
    for (auto const& any : w.effects.effects) {
      if (auto const* const r = std::get_if<effect::record_written>(&any)) {
        if (parts_.matcher.has_kind(r->collection)) parts_.matcher.on_record(r->collection, r->key, r->record.get());
      } else if (auto const* const c = std::get_if<effect::counted_in_ledger>(&any)) {
        parts_.ledger.add(w.effects.at, c->source, c->what, c->reason, c->n);
      }
    }
    parts_.matcher.on_changes(rest.first(*n));
    rest = rest.subspan(*n++);
    dirty_.note(w.effects);
  }
  dirty_.entities.merge(std::move(b.after));
  dirty_.position = b.position;
  dirty_.bytes += b.bytes;
  dirty_.numbers = b.numbers;
  dirty_.names = b.names;
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
      process(std::move(b));
      lock.lock();
      if (dirty_.bytes > parts_.options.lag_bytes_max / 4) break;
    }
    auto const age = std::chrono::steady_clock::now() - last;
    auto const due = age >= std::chrono::microseconds(parts_.options.checkpoint_us) || wanted_ || stopping_ ||
                     dirty_.bytes > parts_.options.lag_bytes_max / 4 || parts_.history.wants_flush();
    if (due && !is_handed_over_) {
      last = std::chrono::steady_clock::now();
      lock.unlock();
      dirty_.subscriptions = parts_.matcher.take_changed();
      dirty_.ledger = parts_.ledger.take_changed();
      lock.lock();
      if (dirty_.position == 0 && (!dirty_.subscriptions.empty() || !dirty_.ledger.empty())) {
        // Nothing was written, but something was sent: that belongs to the position of the last checkpoint.
        dirty_.position = handed_over_.position ? handed_over_.position : checkpointed_;
        dirty_.numbers = handed_over_.position ? handed_over_.numbers : last_numbers_;
        dirty_.names = handed_over_.position ? handed_over_.names : last_names_;
      }
      if (dirty_.position != 0) {
        merge(handed_over_, std::exchange(dirty_, {}));
        is_handed_over_ = true;
        wanted_ = false;
        handed_.notify_one();
      } else if (wanted_) {
        wanted_ = false;
        ++attempts_;
        written_.notify_all();
      }
    }
    if (stopping_ && queue_.empty() && dirty_.empty()) return;
    if (is_handed_over_ && (stopping_ || wanted_ || dirty_.bytes > parts_.options.lag_bytes_max / 4)) {
      // The next checkpoint is due, or the disk is slower than the writers: wait for the one that runs.
      written_.wait_for(lock, std::chrono::milliseconds(100));
    }
  }
}

void follower::truncate_log(std::uint64_t checkpoint) {
  auto const now = parts_.clock.now();
  marks_.emplace_back(now, checkpoint);
  auto keep_from = std::uint64_t(0);
  while (!marks_.empty() && now - marks_.front().first > parts_.options.log_retention_us) {
    keep_from = marks_.front().second;
    marks_.pop_front();
  }
  // Also when nothing is old enough: this folds the write-ahead log, which appends would have to do otherwise.
  parts_.log.truncate(keep_from ? keep_from : parts_.log.first());
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
    try {
      write_checkpoint(parts_.state, work, parts_.history, parts_.names);
      truncate_log(work.position);
      expire_history(work.position);
    } catch (fault const& f) {
      trouble = f.detail;
      log::error("the checkpoint failed; the log keeps everything", {{"reason", f.detail}});
    }
    lock.lock();
    ++attempts_;
    trouble_ = trouble;
    if (trouble.empty()) {
      checkpointed_ = work.position;
      lag_bytes_ -= work.bytes;
      last_numbers_ = work.numbers;
      last_names_ = work.names;
    } else {
      handed_over_ = std::move(work);
      if (!followed_) {
        written_.notify_all();
        handed_.wait_for(lock, std::chrono::seconds(1), [&] { return followed_; });
      }
    }
    is_handed_over_ = false;
    written_.notify_all();
    if (followed_ && !trouble.empty()) return;
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

std::string follower::trouble() const {
  auto const lock = std::lock_guard(mutex_);
  return trouble_;
}

}  // namespace dos
