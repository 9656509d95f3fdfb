// Finds the subscriptions that a change concerns and sees to it that they are told.
//
// add_kind, on_record, on_changes: one thread, in log order. Sending has a thread of its own, and so has catching up: a
// subscription whose outbox was full, or that asked for a replay, reads the log until it has seen all that came by itself.
// Until then what comes passes it by.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "kernel/events/condition_index.h"
#include "kernel/events/live.h"
#include "kernel/events/outbox.h"
#include "kernel/events/subscriptions.h"

namespace dos {

class matcher final : public subscriptions {
 public:
  struct surroundings {
    dos::clock const& clock;
    // What of a change the subscriber may be shown as things are now, asked at sending; nothing of it: nothing.
    using asker = std::shared_ptr<principal const>;
    std::function<std::optional<entity_change>(asker const&, entity_change const&)> shown;
    // What of it there is for the subscriber, asked when it happens: what is hidden triggers nothing and fills no outbox.
    std::function<std::optional<entity_change>(asker const&, entity_change const&)> masked;
    std::function<bool(principal const&, entity_change const&)> may_be_hidden;  // else it is masked as it is
    std::function<void(std::string_view collection, bool ok, std::uint64_t n)> count_delivered;  // for the ledger
    std::function<std::unique_ptr<live_reader>(std::uint64_t after)> read_from;
    std::function<std::uint64_t()> log_first;
  };
  explicit matcher(surroundings s) : around_(std::move(s)) {}
  ~matcher() override { stop(); }

  void add_kind(subscription_kind k);
  bool has_kind(std::string_view collection) const;
  // Nothing: the subscription is gone.
  void on_record(std::string_view collection, std::string_view key, json::value const* record);
  void on_changes(std::span<change const> changes);  // all or, in order, parts of one log entry
  // What came at that position could not be told: everybody reads it from the log.
  void read_again_from(std::uint64_t position);

  // What lies up to here has been considered before.
  void begin_at(std::uint64_t position) { seen_ = position; }
  void start(std::weak_ptr<city> of, std::string const& name);
  void stop();

  subscription_status status(std::string_view collection, std::string_view key) const override;
  std::uint64_t replay(std::string_view collection, std::string_view key, std::uint64_t position) override;

  // For the checkpoint: outbox entries and statuses that changed since the last call.
  struct changed {
    std::string collection, key;
    outbox::changes entries;
    subscription_status status;
    bool gone = false;
  };
  std::vector<changed> take_changed();
  void restore(std::string_view collection, std::string_view key, outbox::entry e);
  void restore(std::string_view collection, std::string_view key, subscription_status const& s);

 private:
  struct subscription;
  using subscription_ptr = std::shared_ptr<subscription>;
  using name = std::pair<std::string, std::string>;  // collection, key

  // A type and an attribute that has to change; empty: any.
  struct place {
    symbol type, attribute;
    auto operator<=>(place const&) const = default;
    struct hash {
      std::size_t operator()(place const& p) const {
        return std::hash<symbol>()(p.type) * 31 + std::hash<symbol>()(p.attribute);
      }
    };
  };

  void index(subscription_ptr const& s);
  void unindex(subscription_ptr const& s);
  void on_change(entity_change const& change, std::uint64_t index);
  bool concerns(subscription const& s, entity_change const& change) const;
  static bool fits(watch const& w, entity_change const& change);
  static std::vector<place> places_of(watch const& w);
  void run_sender(std::weak_ptr<city> of);
  void schedule(subscription_ptr const& s);
  void run_catch_up();
  void want_catch_up(subscription_ptr const& s, std::int64_t at_us = 0);
  void catch_up(subscription_ptr const& s, std::unique_lock<std::mutex>& lock);
  bool read_on(subscription_ptr const& s, std::unique_lock<std::mutex>& lock);
  void come_up(subscription& s);
  void deliver(std::shared_ptr<city> const& of, subscription_ptr const& s, std::unique_lock<std::mutex>& lock);
  void finish(subscription_ptr const& s, std::size_t n, sent const& result);

  surroundings around_;
  std::map<std::string, subscription_kind, std::less<>> kinds_;
  mutable std::mutex mutex_;
  std::condition_variable learned_;  // of another subscription
  std::map<name, subscription_ptr> subscriptions_;
  std::map<name, std::pair<std::vector<outbox::entry>, subscription_status>> restored_;  // before their record came
  // Where a change looks for subscriptions: by id when all selectors name ids, else at its types and attributes. There,
  // those that wait for a value to meet a condition are asked only when it does.
  struct group {
    std::vector<subscription_ptr> all;
    condition_index<subscription_ptr> waiting;
  };
  std::unordered_map<std::string, std::vector<subscription_ptr>> by_id_;
  std::unordered_map<place, group, place::hash> by_place_;
  std::uint64_t change_ = 0;                           // counts the changes considered
  std::uint64_t seen_ = 0;                             // position of the last one that came by itself
  std::uint64_t seen_at_ = 0;                          // how many changes of entities of that log entry came
  std::multimap<std::int64_t, subscription_ptr> due_;     // µs at which to look at it again
  std::multimap<std::int64_t, subscription_ptr> behind_;  // the same, of those that catch up
  std::vector<name> gone_;
  std::condition_variable wake_, wake_behind_;
  bool stopping_ = false;
  std::thread sender_, catching_up_;
};

}  // namespace dos
