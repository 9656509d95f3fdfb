#include "kernel/events/outbox.h"

#include <algorithm>

#include "kernel/graph/attribute_editor.h"

namespace dos {

namespace {

std::size_t bytes_of(json::value const& v) {
  auto n = sizeof v;
  if (v.is_string()) n += v.as_string().size();
  if (v.is_array()) {
    for (auto const& item : v.as_array()) n += bytes_of(item);
  }
  if (v.is_object()) {
    for (auto const& m : v.as_object()) n += m.key.size() + sizeof m.key + bytes_of(m.value);
  }
  return n;
}

// What is only there because of it: two lists of attributes, and the new values.
std::size_t bytes_of(entity_change const& c) {
  constexpr std::size_t around = 400;
  auto n = around + sizeof(attribute_ptr) * (c.after->attributes.size() + (c.before ? c.before->attributes.size() : 0));
  auto const places = attribute_places(c.after->attributes);
  for (auto const& a : c.attributes) {
    auto const i = places.find(a.name, a.dataset);
    if (i != attribute_places::nowhere) n += sizeof(attribute) + bytes_of(c.after->attributes[i]->value);
  }
  return n;
}

}  // namespace

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
      bytes_ -= mine.bytes;
      mine.bytes = bytes_of(old);
      bytes_ += mine.bytes;
      if (mine.stored) removed_.push_back(mine.number);
      mine.stored = false;
      return;
    }
  }
  auto const bytes = bytes_of(change);
  bytes_ += bytes;
  entries_.push_back({{std::move(change), 0}, next_number_++, false, bytes});
}

void outbox::restore(entry e) {
  next_number_ = std::max(next_number_, e.number + 1);
  e.stored = true;
  e.bytes = bytes_of(e.what.change);
  bytes_ += e.bytes;
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
    bytes_ -= entries_.front().bytes;
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
