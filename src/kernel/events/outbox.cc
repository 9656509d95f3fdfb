#include "kernel/events/outbox.h"

#include <algorithm>

namespace dos {

void outbox::add(entity_change change, bool merge) {
  if (merge) {
    for (auto i = entries_.size(); i > sending_; --i) {
      auto& mine = entries_[i - 1];
      if (mine.what.change.after->id != change.after->id) continue;
      ++coalesced;
      ++mine.what.coalesced;
      auto& old = mine.what.change;
      for (auto const& a : old.attributes) {
        auto const same = [&](attribute_change const& b) { return a.name == b.name && a.dataset == b.dataset; };
        if (std::none_of(change.attributes.begin(), change.attributes.end(), same)) change.attributes.push_back(a);
      }
      change.before = old.before;
      old = std::move(change);
      if (mine.stored) removed_.push_back(mine.number);
      mine.stored = false;
      return;
    }
  }
  entries_.push_back({{std::move(change), 0}, next_number_++, false});
}

void outbox::restore(entry e) {
  next_number_ = std::max(next_number_, e.number + 1);
  e.stored = true;
  entries_.push_back(std::move(e));
}

std::vector<delivery> outbox::send(std::size_t n) {
  sending_ = std::min(n, entries_.size());
  auto front = std::vector<delivery>();
  front.reserve(sending_);
  for (auto i = std::size_t(0); i < sending_; ++i) front.push_back(entries_[i].what);
  return front;
}

void outbox::sent(std::size_t n) {
  for (n = std::min(n, sending_); n > 0; --n) {
    if (entries_.front().stored) removed_.push_back(entries_.front().number);
    entries_.pop_front();
  }
  sending_ = 0;
}

outbox::changes outbox::take_changes() {
  auto taken = changes{{}, std::move(removed_)};
  removed_.clear();
  for (auto it = entries_.rbegin(); it != entries_.rend(); ++it) {
    if (it->stored) continue;
    it->stored = true;
    taken.added.push_back(*it);
  }
  return taken;
}

}  // namespace dos
