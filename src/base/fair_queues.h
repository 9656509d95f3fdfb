// One queue for each of many, served in turn, an entry of each: who brings much waits behind themselves and delays nobody
// else. Without a lock and without bounds of its own; who uses it has them.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/fault.h"

namespace dos {

struct queue_load {
  std::size_t entries = 0;
  std::size_t weight = 0;
  std::size_t bytes = 0;

  void add(queue_load const& o) { entries += o.entries, weight += o.weight, bytes += o.bytes; }
  void take_off(queue_load const& o) { entries -= o.entries, weight -= o.weight, bytes -= o.bytes; }
};

template <typename T>
class fair_queues {
 public:
  fair_queues() = default;
  fair_queues(fair_queues const&) = delete;

  // What waits of one, and of all. What pop() gave waits no longer.
  queue_load waiting_of(std::string_view whose) const {
    auto const it = queues_.find(whose);
    return it == queues_.end() ? queue_load() : it->second.load;
  }
  queue_load const& waiting() const { return load_; }

  // `whose` may be a part of the entry.
  void push(std::string const& whose, T&& entry, std::size_t weight = 1, std::size_t bytes = 0) {
    auto const [it, is_new] = queues_.try_emplace(whose);
    auto const load = queue_load{.entries = 1, .weight = weight, .bytes = bytes};
    it->second.entries.push_back({std::move(entry), load});
    it->second.load.add(load);
    load_.add(load);
    if (is_new) turns_.push_back(it);
  }

  // False: nothing waits but of those that are held.
  bool has_next() const { return !turns_.empty(); }

  struct taken {
    T entry;
    queue_load load;
  };
  // The next entry; its owner comes again after all others that wait.
  taken pop() {
    auto const it = next_turn();
    auto out = take_from(it);
    end_turn(it);
    return out;
  }

  // The next entry of somebody of whom nothing more is given until release().
  std::pair<std::string, taken> pop_and_hold() {
    auto const it = next_turn();
    return {it->first, take_from(it)};
  }
  void release(std::string_view held) {
    auto const it = queues_.find(held);
    DOS_CHECK(it != queues_.end());
    end_turn(it);
  }

 private:
  struct queue {
    std::deque<taken> entries;
    queue_load load;
  };
  using queue_map = std::map<std::string, queue, std::less<>>;
  using place = typename queue_map::iterator;

  place next_turn() {
    DOS_CHECK(has_next());
    auto const it = turns_.front();
    turns_.pop_front();
    return it;
  }
  taken take_from(place it) {
    auto out = std::move(it->second.entries.front());
    it->second.entries.pop_front();
    it->second.load.take_off(out.load);
    load_.take_off(out.load);
    return out;
  }
  void end_turn(place it) {
    if (it->second.entries.empty()) queues_.erase(it);
    else turns_.push_back(it);
  }

  queue_map queues_;          // of those that wait or are held
  std::deque<place> turns_;   // of those that wait and are not held, next one first
  queue_load load_;
};

}  // namespace dos
