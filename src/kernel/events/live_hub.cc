#include "kernel/events/live_hub.h"

#include <algorithm>
#include <utility>

namespace dos {

class live_hub::reader final : public live_reader {
 public:
  reader(std::shared_ptr<live_hub> hub, std::uint64_t after, bool gap)
      : hub_(std::move(hub)), next_(after + 1), gap_(gap) {}

  bool read(std::vector<entity_change>& out) override {
    constexpr std::size_t read_max = 1'000;
    if (std::exchange(gap_, false)) return false;
    auto const begin = out.size();
    while (out.size() - begin < read_max) {
      auto found = entry();
      auto from_log = false;
      {
        auto const lock = std::lock_guard(hub_->mutex_);
        if (next_ > hub_->last_) return true;
        auto const& recent = hub_->recent_;
        auto const it = std::lower_bound(recent.begin(), recent.end(), next_,
                                         [](auto const& e, auto position) { return e.position < position; });
        // Entries without changes are not kept: the one found may lie further on, as long as nothing was dropped.
        if (next_ >= hub_->floor_) {
          if (it == recent.end()) {
            next_ = hub_->last_ + 1;
            return true;
          }
          found = *it;
        } else {
          from_log = true;
        }
      }
      if (from_log) {
        auto const next = hub_->read_log_(next_, out);
        if (!next) {
          auto const lock = std::lock_guard(hub_->mutex_);
          next_ = hub_->last_ + 1;
          return false;
        }
        next_ = *next;
      } else {
        out.insert(out.end(), found.changes->begin(), found.changes->end());
        next_ = found.position + 1;
      }
    }
    return true;
  }

  std::uint64_t position() const override { return next_ - 1; }

  void on_ready(std::function<void()> wake) override {
    {
      auto const lock = std::lock_guard(hub_->mutex_);
      if (next_ > hub_->last_) {
        hub_->waiting_.push_back(std::move(wake));
        return;
      }
    }
    wake();
  }

 private:
  using entry = live_hub::entry;
  std::shared_ptr<live_hub> hub_;
  std::uint64_t next_;
  bool gap_;
};

void live_hub::start_at(std::uint64_t position) {
  last_ = position;
  floor_ = position + 1;
}

void live_hub::publish(std::uint64_t position, std::shared_ptr<std::vector<entity_change> const> changes) {
  auto woken = std::vector<std::function<void()>>();
  {
    auto const lock = std::lock_guard(mutex_);
    last_ = position;
    if (!changes->empty()) {
      recent_changes_ += changes->size();
      recent_.push_back({position, std::move(changes)});
      woken.swap(waiting_);
    }
    while (recent_changes_ > changes_max && recent_.size() > 1) {
      recent_changes_ -= recent_.front().changes->size();
      floor_ = recent_.front().position + 1;
      recent_.pop_front();
    }
  }
  for (auto const& wake : woken) wake();
}

std::unique_ptr<live_reader> live_hub::open(std::uint64_t after, bool begins_with_gap) {
  return std::make_unique<reader>(shared_from_this(), after, begins_with_gap);
}

}  // namespace dos
