// The only way in. A session says who asks, in which city and for what; it reads through the asker's view and writes
// through the city's one sequencer, so that rights, history, events and the ledger cannot be forgotten.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fault.h"
#include "base/json.h"
#include "base/time.h"
#include "kernel/access/principal.h"
#include "kernel/city/records.h"
#include "kernel/city/seen_store.h"
#include "kernel/events/change.h"
#include "kernel/graph/entity.h"
#include "kernel/graph/entity_store.h"
#include "kernel/history/observation.h"
#include "kernel/model/registry.h"

namespace dos {

class history;

// Names a series in a write: created in the log when it does not exist yet.
struct series_key {
  std::string_view entity;
  symbol attribute;
  symbol dataset;
  attribute_kind kind = attribute_kind::property;
};

// What happened to a message on its way in or out: the columns of the ledger.
enum class tally : std::uint8_t { received, accepted, stored, repeated, rejected, delivered, failed };

// How an action is done.
struct acting {
  std::string reason = {};  // why, where somebody has to say so: an override
  std::string via = {};     // on whose behalf it was typed in: "paper", "phone"; empty: by themselves
  std::optional<std::uint64_t> if_version = {};  // of the entity as they saw it (masked); another one: precondition_failed
};

// One write, seen by the function that decides it: committed state plus everything that comes before it in the log.
// Runs on the sequencer's thread: quick, no input or output, no waiting. A fault it throws refuses this write alone and
// leaves no trace.
class transaction {
 public:
  virtual ~transaction() = default;

  // A hint: these are looked at next. It pays from some tens on.
  virtual void expect(std::span<std::string_view const> ids) = 0;
  virtual timestamp now() const = 0;  // the same for the whole write; strictly later than that of any write before it
  // What this write's source says of later than this is not believed to be so yet: it is history and never the current
  // value, whatever its time; see put. Clocks go wrong, and one value from next year would hide all that follow.
  virtual timestamp believed_until() const = 0;
  // Also when only the history is left (deleted_at set); nothing when it never was.
  virtual entity_ptr find(std::string_view id) const = 0;
  // What the write is about: found and alive, else fault not_found. Forbidden where the writer may not change it.
  virtual entity_ptr get(std::string_view id) const;
  // A record is a JSON document of the platform itself: subscription, device profile, token, quarantined message …
  virtual record_ptr find_record(std::string_view collection, std::string_view key) const = 0;
  virtual std::vector<series_ref> series_of(std::string_view id) const = 0;

  // Stores the entity as given. Attributes taken over from the stored entity (the same pointers) are unchanged; others
  // are changes: they get created_at (kept from the instance they replace), modified_at and their series, and become
  // observations of their history. Attributes that are missing are gone; that is recorded in the history, too. The
  // entity's own times and version are set here. `keep::nothing` leaves the history alone; an attribute that is new then
  // may bring its series along. An attribute observed later than believed_until() becomes an observation alone, and what
  // is stored stays. Returns the number of the first new observation, 0 when there is none.
  enum class keep { history, nothing };
  virtual std::uint64_t put(entity e, keep k = keep::history) = 0;
  // Removes the current state; the history stays readable.
  virtual void erase(std::string_view id) = 0;
  // Removes state and history.
  virtual void forget(std::string_view id) = 0;

  // History alone; the current state stays as it is. The number of a new observation is assigned here and unique in the
  // city for ever. An entity that does not exist yet must be put first (put it with deleted_at set to have no state).
  virtual std::uint64_t observe(series_key const& series, observation o) = 0;
  // Many of a series that exists, cheaply; they are numbered one after the other. Returns the first number.
  virtual std::uint64_t observe(std::uint64_t series, std::vector<observation> all) = 0;
  // The series of that name, begun if there is none.
  virtual std::uint64_t start_series(series_key const& series) = 0;
  virtual void change_observation(std::uint64_t series, std::uint64_t number, observation o) = 0;
  virtual void remove_observation(std::uint64_t series, std::uint64_t number) = 0;
  virtual void remove_series(std::string_view entity, std::uint64_t series) = 0;

  // Runs a part of this write: a fault it throws undoes what the part did and is returned; the rest of the write stands.
  // Not one within another. The ledger counts each part as a message.
  virtual std::optional<fault> attempt(std::function<void()> const& part) = 0;

  // Does what the entity's type declares as an action (kernel/model/type.h): state, fields by their terms, what it sets, and a
  // note in the entity's timeline. "override", for administrators with a reason, sets state and attributes. Returns the image
  // after it; nothing when it is gone. Faults: not_found, forbidden (`by`), conflict (`from`, `when`, constraints), invalid (fields).
  virtual entity_ptr act(std::string_view id, std::string_view action, json::object fields, acting const& how = {}) = 0;
  // From here on these models hold, if this write does. Faults, when the write is committed: conflict, when entities that are
  // there break their constraints.
  virtual void adopt(model::registry_ptr r) = 0;

  virtual void put_record(std::string_view collection, std::string_view key, json::value v) = 0;
  virtual void erase_record(std::string_view collection, std::string_view key) = 0;

  // Ledger of this hour. `reason` (short, from a fixed list) for rejected and failed.
  virtual void count(std::string_view source, tally what, std::uint64_t n = 1, std::string_view reason = {}) = 0;
};

// How a write ended.
struct outcome {
  std::uint64_t position = 0;    // in the log; readable and durable from here on
  timestamp at;                  // transaction::now()
  std::optional<fault> refused;  // the reason, when it did not happen; kind `unavailable` also when nobody knows
  std::size_t set_aside = 0;     // values that are history alone, because their time was not believed
};

class city;
namespace model {
struct action;
class registry;
}  // namespace model

// How much of its source's queue a write takes while it waits.
struct write_size {
  std::size_t weight = 1;  // as many single writes
  std::size_t bytes = 0;   // of memory, about; 0: as many as the request that it came with (base/work_budget.h)
};

class session {
 public:
  // Whoever is not at home in the city is nobody there.
  session(std::shared_ptr<dos::city> c, principal who);

  // For what a visible entity refers to: whether its type is open does not matter, what grants say does.
  session through_references() const;

  principal const& who() const { return *who_; }
  dos::city& city() const { return *city_; }
  std::shared_ptr<dos::city> const& shared_city() const { return city_; }
  // The right it was opened with has expired or was revoked since. Whoever keeps a session for long asks now and then.
  bool is_over(timestamp now) const;

  // --- reading, through the view of who asks: entities come as far as they may be seen ---
  model::view_ptr view() const;  // of this moment, for one thread
  bool sees(entity const& e) const;
  // The same of what is not, or not yet, in the city.
  entity_ptr masked(entity_ptr const& e) const;
  seen_store seen(entity_store const& of) const;
  entity_ptr find(std::string_view id) const;  // alive and visible
  entity_ptr get(std::string_view id) const;   // else fault not_found
  entity_ptr find_with_history(std::string_view id) const;  // deleted ones too
  entity_store::page find(query::query const& q) const;
  void for_each(query::query const& q, std::function<bool(entity_ptr const&)> const& visit) const;
  std::vector<series_ref> series_of(std::string_view id) const;
  // Whose series, or observation, that is; nothing when the asker may not see the entity. The entity may be gone but for
  // its history.
  std::optional<entity_store::owned_series> find_series(std::uint64_t number) const;
  std::optional<entity_store::owned_series> find_observed(observation_number number) const;
  std::uint64_t series_end() const;  // behind the greatest number of a series
  timestamp believed_until() const;  // as a write of this session would have it now
  dos::history const& history() const;  // of series that series_of() or find_series() gave
  // Of a change that a reader of the city gave, at whatever position: what the asker may be shown of it today.
  std::optional<entity_change> shown(entity_change const& c) const;
  // The series of what was done with an entity that is seen; nothing when nothing was.
  std::optional<std::uint64_t> acts_of(std::string_view id) const;
  // Declared actions that the asker may do now with an entity that is seen. `models` is the city's.
  std::vector<model::action const*> possible_actions(model::registry const& models, std::string_view id) const;
  // Of what may be seen: types with the number of entities, attributes of a type with the number that have them.
  std::vector<std::pair<symbol, std::size_t>> types() const;
  std::vector<std::pair<symbol, std::size_t>> attributes_of(symbol type) const;

  record_ptr find_record(std::string_view collection, std::string_view key) const;
  record_ptr get_record(std::string_view collection, std::string_view key) const;  // else fault not_found
  // In the order of keys, from the first key that is not less than `from`; stops when `visit` says false.
  void for_each_record(std::string_view collection, std::string_view from,
                       std::function<bool(std::string_view key, record_ptr const&)> const& visit) const;
  std::size_t record_count(std::string_view collection) const;

  // --- writing ---
  // Something: by the role, or because a grant says so.
  bool may_write() const;
  using decide = std::function<void(transaction&)>;
  // Faults: forbidden when the role may not write. `done` is called on the sequencer's thread after the commit (or the
  // refusal) and must be quick. Faults at once: too_many when this source's queue is full.
  void submit(decide d, std::function<void(outcome)> done, write_size size = {}) const;
  // The same, for what goes on whatever becomes of it: what would be a fault at once comes to `done` as a refusal.
  void try_submit(decide d, std::function<void(outcome)> done, write_size size = {}) const;
  // Waits. Throws the refusal. Not on an input/output thread.
  outcome apply(decide d) const;

 private:
  std::shared_ptr<dos::city> city_;
  std::shared_ptr<principal const> who_;
  bool regardless_of_openness_ = false;
};

}  // namespace dos
