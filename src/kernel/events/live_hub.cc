#include "kernel/events/live_hub.h"

#include <algorithm>
#include <utility>

namespace dos {

class live_hub::reader final : public live_reader {
 public:
  reader(std::shared_ptr<live_hub> hub, std::uint64_t after, bool gap)
      : hub_(std::move(hub)), next_(after + 1), gap_(gap) {}
  ~reader() override {
    auto waits = std::map<reader const*, std::function<void()>>::node_type();
    auto turn = std::map<reader const*, std::function<void()>>::node_type();
    auto const lock = std::lock_guard(hub_->mutex_);
    waits = hub_->waiting_.extract(this);  // let go of after the lock
    turn = hub_->turn_.extract(this);
  }

  std::optional<log_gap> read(std::vector<change>& out) override {
    constexpr std::size_t read_max = 1'000;
    if (std::exchange(gap_, false)) return log_gap{next_, next_};
    auto const begin = out.size();
    while (out.size() - begin < read_max) {
      auto found = entry();
      auto in_memory = true;
      {
        auto const lock = std::lock_guard(hub_->mutex_);
        if (next_ > hub_->last_) break;
        in_memory = next_ >= hub_->floor_;
        if (in_memory && !find_recent(found)) break;
      }
      if (in_memory) {
        out.insert(out.end(), found.changes->begin(), found.changes->end());
        next_ = found.position + 1;
        continue;
      }
      if (out.size() != begin) break;  // what there is, first
      auto const p = hub_->read_log(next_);
      waits_for_turn_ = !p;
      if (!p || p->next == next_) break;
      next_ = p->next;
      out.insert(out.end(), p->changes->begin(), p->changes->end());
      if (p->gap) return p->gap;
    }
    return std::nullopt;
  }

  std::uint64_t position() const override { return next_ - 1; }

  void on_ready(std::function<void()> wake) override {
    {
      auto const lock = std::lock_guard(hub_->mutex_);
      if (next_ > hub_->last_ && !gap_) {
        hub_->waiting_[this] = std::move(wake);
        return;
      }
      if (waits_for_turn_ && hub_->reads_log_) {
        hub_->turn_[this] = std::move(wake);
        return;
      }
    }
    wake();
  }

 private:
  using entry = live_hub::entry;

  // Entries without changes are not kept: the one found may lie further on, as nothing was dropped from here on.
  bool find_recent(entry& found) {
    auto const& recent = hub_->recent_;
    auto const it = std::lower_bound(recent.begin(), recent.end(), next_,
                                     [](auto const& e, auto position) { return e.position < position; });
    if (it == recent.end()) {
      next_ = hub_->last_ + 1;
      return false;
    }
    found = *it;
    return true;
  }

  std::shared_ptr<live_hub> hub_;
  std::uint64_t next_;
  bool gap_;
  bool waits_for_turn_ = false;
};

std::optional<live_hub::piece> live_hub::read_log(std::uint64_t from) {
  auto cursor = std::unique_ptr<log_cursor>();
  {
    auto const lock = std::lock_guard(mutex_);
    auto const known = std::find_if(pieces_.begin(), pieces_.end(), [&](piece const& p) { return p.from == from; });
    if (known != pieces_.end()) return *known;
    if (std::exchange(reads_log_, true)) return std::nullopt;
    auto const there = std::find_if(cursors_.begin(), cursors_.end(), [&](auto const& c) { return c->next() == from; });
    if (there != cursors_.end()) {
      cursor = std::move(*there);
      cursors_.erase(there);
    }
  }
  auto p = piece{.gap = {}, .from = from, .next = from, .changes = {}};
  auto const give_back = [&] {
    auto woken = std::map<reader const*, std::function<void()>>();
    {
      auto const lock = std::lock_guard(mutex_);
      if (cursor) cursors_.push_front(std::move(cursor));
      if (cursors_.size() > cursors_max) cursors_.pop_back();
      if (p.next != from) pieces_.push_back(p);
      if (pieces_.size() > pieces_max) pieces_.pop_front();
      reads_log_ = false;
      woken.swap(turn_);
    }
    for (auto const& [who, wake] : woken) wake();
  };
  try {
    if (!cursor) cursor = open_log_(from);
    auto changes = std::vector<change>();
    p.gap = cursor->read(changes);
    p.next = cursor->next();
    p.changes = std::make_shared<std::vector<change> const>(std::move(changes));
  } catch (...) {
    cursor.reset();
    p.next = from;
    give_back();
    throw;
  }
  give_back();
  return p;
}

void live_hub::start_at(std::uint64_t position) {
  auto woken = std::map<reader const*, std::function<void()>>();
  {
    auto const lock = std::lock_guard(mutex_);
    last_ = position;
    floor_ = position + 1;
    recent_.clear();
    recent_changes_ = recent_bytes_ = 0;
    woken.swap(waiting_);
  }
  for (auto const& [who, wake] : woken) wake();
}

void live_hub::publish(std::uint64_t position, std::shared_ptr<std::vector<change> const> changes, std::size_t bytes) {
  auto woken = std::map<reader const*, std::function<void()>>();
  {
    auto const lock = std::lock_guard(mutex_);
    last_ = position;
    if (!changes->empty()) {
      recent_changes_ += changes->size();
      recent_bytes_ += bytes;
      recent_.push_back({position, std::move(changes), bytes});
      woken.swap(waiting_);
    }
    while ((recent_changes_ > changes_max || recent_bytes_ > bytes_max) && recent_.size() > 1) {
      recent_changes_ -= recent_.front().changes->size();
      recent_bytes_ -= recent_.front().bytes;
      floor_ = recent_.front().position + 1;
      recent_.pop_front();
    }
  }
  for (auto const& [who, wake] : woken) wake();
}

std::unique_ptr<live_reader> live_hub::open(std::uint64_t after, bool begins_with_gap) {
  return std::make_unique<reader>(shared_from_this(), after, begins_with_gap);
}

bool live_hub::is_at_hand(std::uint64_t after) {
  auto const lock = std::lock_guard(mutex_);
  return after + 1 >= floor_ || after >= last_;
}

}  // namespace dos
