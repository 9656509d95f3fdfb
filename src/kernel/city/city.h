// One city: its directory, log, state, history, sequencer and readers. A city is a tenant; nothing spans two of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/record_collection.h"
#include "base/time.h"
#include "kernel/city/constraint_index.h"
#include "kernel/city/ledger.h"
#include "kernel/city/session.h"
#include "kernel/events/live.h"
#include "kernel/events/subscriptions.h"
#include "kernel/model/view.h"

namespace dos {

struct city_options {
  std::size_t source_queue_max = 20'000;        // writes waiting of one source; beyond: fault too_many
  std::size_t source_queue_bytes_max = 64 << 20;  // of them, about; beyond: fault too_many
  std::size_t batch_writes_max = 4'096;         // writes in one log entry
  std::size_t batch_bytes_max = 8 << 20;        // beyond, the next write begins another entry
  std::size_t lag_bytes_max = 256 << 20;        // of the log that a restart would replay; beyond, writers wait
  std::int64_t checkpoint_us = 5 * us_per_second;
  std::int64_t log_retention_us = 14 * 86'400 * us_per_second;
  std::int64_t history_retention_us = 0;        // 0: for ever
  std::int64_t future_us_max = 300 * us_per_second;  // how far ahead of us a source's clock is believed to be
  // The same for some sources, by their whole name or their line of the ledger ("http").
  std::map<std::string, std::int64_t, std::less<>> future_us_max_of = {};
  bool clock_is_set_by_hand = false;  // it may jump: nothing is held
};

struct city_status {
  std::uint64_t position = 0;             // committed
  std::uint64_t checkpoint = 0;           // of the state on disk
  std::uint64_t log_first = 0;
  std::uint64_t lag_bytes = 0;
  std::uint64_t entities = 0, records = 0;
  std::uint64_t series = 0, observations = 0;  // ever begun, ever made
  std::uint64_t queued = 0;               // writes waiting
  std::uint64_t disk_free_bytes = 0;
  bool writable = true;                   // false: the disk is full or failing, or the log damaged; reads go on
  std::string trouble;                    // why, or what else an operator should know
};

class city : public std::enable_shared_from_this<city> {
 public:
  // Opens or creates. Faults: invalid when the directory was written by a newer version or is damaged, with the place.
  static std::shared_ptr<city> open(std::string id, std::string directory, clock const& c, city_options options = {});
  virtual ~city() = default;

  virtual std::string const& id() const = 0;
  // Before the first write; a subscription that is in the state already is compiled at once.
  virtual void register_kind(subscription_kind k) = 0;
  // Deliveries begin; what waits in the outboxes is sent.
  virtual void start_sending() = 0;
  // Checkpoint, close. Afterwards nothing works any more.
  virtual void close() = 0;

  virtual city_status status() const = 0;
  virtual std::vector<ledger_line> ledger(timestamp from, timestamp to) const = 0;
  virtual dos::subscriptions& subscriptions() = 0;
  // Changes after `position`; none: from now on. From a position beyond the end, which another life of this city must have
  // given, the reader begins with a gap.
  virtual std::unique_ptr<live_reader> read_live(std::optional<std::uint64_t> position) = 0;
  // Whether such a reader finds all of it in memory, and need not read the log.
  virtual bool is_at_hand(std::uint64_t position) const = 0;
  // Of the first change that the log has at or after a time; behind the end when there is none.
  virtual std::uint64_t position_at(timestamp t) const = 0;
  // A consistent copy that opens like the original, taken while running.
  virtual void backup_to(std::string const& directory) = 0;
  virtual void checkpoint() = 0;  // now, and waits for it

  // Which types anonymous callers may read: nothing until marked open.
  virtual bool is_open(symbol type) const = 0;

  virtual timestamp now() const = 0;
  // Up to which time the values of a source are taken for the current ones.
  virtual timestamp believed_until(std::string_view source) const = 0;
  // What the city's packages declare now; null: there are none. Cheap.
  virtual model::registry_ptr models() const = 0;
  // Before the first write. What is there and breaks a constraint is left out of it, and named in the log.
  virtual void begin_with(model::registry_ptr r) = 0;
  // Does what fell due, if anything did; comes back at once. To be called every now and then.
  virtual void settle_timers() = 0;
  virtual std::optional<timestamp> next_due() const = 0;  // of the timers
  // While the clock has jumped by more than an hour nothing falls due by itself (status().trouble says so), until it is back
  // or somebody says that it is right now.
  virtual void trust_clock() = 0;
  // What entities of a type take of a resource: free and taken is everybody's to know, of whom is told nowhere here.
  virtual resource_times times_of(symbol type, std::string const& resource, timestamp from, timestamp to) const = 0;
  // The grants that count for `who`.
  virtual model::policy_ptr policy_of(principal const& who) const = 0;
  // What `who` sees now. For one call on one thread; whoever is not at home in the city has to be nobody already.
  // `regardless_of_openness`: grants alone count.
  virtual model::view_ptr view_of(std::shared_ptr<principal const> who, bool regardless_of_openness = false) const = 0;
  // The right has expired or was revoked since it was given.
  virtual bool is_over(principal const& who, timestamp now) const = 0;
  // Before the first write: a module keeps notes beside values there, to which may add whoever brings values: devices, and
  // those whom a grant lets write.
  virtual void let_devices_note(std::string_view collection) = 0;

  // For session only.
  virtual std::optional<entity_change> shown(std::shared_ptr<principal const> const& who, entity_change const& c) const = 0;
  virtual entity_store const& entities() const = 0;
  virtual dos::history const& history() const = 0;
  virtual void submit(std::shared_ptr<principal const> const& who, session::decide d, std::function<void(outcome)> done, write_size size) = 0;
  virtual record_ptr find_record(std::string_view collection, std::string_view key) const = 0;
  virtual void for_each_record(std::string_view collection, std::string_view from,
                               std::function<bool(std::string_view key, record_ptr const&)> const& visit) const = 0;
  virtual std::size_t record_count(std::string_view collection) const = 0;
};

// Records {"type": IRI} of this collection say what anonymous callers may read.
inline constexpr auto open_types_collection = record_collection{"open_types", "kernel/city", "IRI of a type"};
// Records {"days": n} by type IRI: how long the history of such entities is kept; without one the city's own rule holds.
inline constexpr auto retention_collection = record_collection{"retention", "kernel/city", "IRI of a type"};

}  // namespace dos
