// Durable subscriptions: matched once, in log order, against the state at that position; kept in a bounded outbox until
// delivered; at least once and in order per entity, also after a crash.
//
// A subscription is a record of a collection that a module has registered. Whenever such a record is written, the
// module's `compile` turns it into a watch; whenever something matches, the module's `send` carries it to the receiver.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "kernel/access/principal.h"
#include "kernel/events/change.h"
#include "kernel/graph/query.h"

namespace dos {

struct watch {
  std::vector<query::selector> selectors;  // any of them; empty = every entity
  std::vector<symbol> attributes;          // a change of one of these; empty = any
  query::node_ptr filter;                  // holds for the after-image (for the before-image of a deletion)
  std::vector<std::string> scopes;
  unsigned triggers = attribute_created | attribute_updated;
  std::int64_t throttling_us = 0;          // at least this long between two deliveries; changes coalesce per entity
  timestamp expires_at = no_time;
  bool active = true;
  principal who;                           // whose rights are checked again at sending
};

// Deliveries wait in the outbox: at most this many a subscription. What comes then stays in the log and is read from there
// as the outbox empties; what the log no longer has is a gap with a name.
inline constexpr std::size_t outbox_entries_max = 10'000;
inline constexpr std::size_t outbox_bytes_max = 32 << 20;  // of memory that they keep, about

struct delivery {
  entity_change change;
  std::uint64_t coalesced = 0;  // earlier changes of the same entity that this one stands for
};

// How a subscription fares; kept across restarts.
struct subscription_status {
  std::uint64_t times_sent = 0;
  std::uint64_t times_failed = 0;
  std::uint64_t failed_in_a_row = 0;
  timestamp last_notification = no_time, last_success = no_time, last_failure = no_time;
  std::string last_error;
  std::uint64_t waiting = 0;    // entries in the outbox
  std::uint64_t coalesced = 0;  // changes that throttling merged
  std::uint64_t behind = 0;     // position from which on the rest is in the log alone; 0: nothing is
  std::uint64_t behind_at = 0;  // so many changes of entities at that position have been considered already
  std::uint64_t gap_from = 0, gap_to = 0;  // positions (the second excluded) whose changes the log had no longer; 0: none
  timestamp gap_since = no_time;           // when that was found
};

struct sent {
  bool ok = false;
  std::string error;      // for the status
  std::size_t taken = 0;  // how many of the entries, from the front, have been carried; 0 = all of them
  bool is_left_out = false;  // ok, and the receiver need not know of these: not counted
};

class city;

struct subscription_kind {
  std::string collection;  // of records
  // Nothing: this record is no subscription that is matched (paused for ever, purely periodic). Called in log order.
  std::function<std::optional<watch>(std::string_view key, json::value const& record)> compile;
  // Carries entries (oldest first, at most 100, one send at a time for a subscription) and calls `done` once, from any
  // thread. Not ok: the same entries come again after a back-off (1 s doubling to 5 min).
  std::function<void(std::shared_ptr<city> const&, std::string const& key, std::vector<delivery> entries,
                     std::function<void(sent)> done)>
      send;
};

class subscriptions {
 public:
  virtual ~subscriptions() = default;
  virtual subscription_status status(std::string_view collection, std::string_view key) const = 0;
  // Tells what is already committed once more, from `position` on, and everything after it, in order. Answers the position
  // it begins at: a later one where the log no longer has it. One that was made just now may not be known here yet: it is
  // waited for, some seconds at most. Faults: not_found.
  virtual std::uint64_t replay(std::string_view collection, std::string_view key, std::uint64_t position) = 0;
};

}  // namespace dos
