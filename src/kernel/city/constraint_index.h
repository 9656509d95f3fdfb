// What no entity tells alone: that nothing like it is there, that nothing overlaps. Constraints of a registry over the
// entities of a city, applied while writes are decided, before anybody knows whether they will stand. The sequencer's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kernel/city/interval_set.h"
#include "kernel/city/pending.h"
#include "kernel/graph/entity_store.h"
#include "kernel/model/registry.h"

namespace dos {

inline constexpr std::size_t resource_levels_max = 8;     // of a tree of resources
inline constexpr std::size_t resource_nodes_max = 1'000;  // below one

// What is taken of a resource. Half open: what ends at ten leaves ten free.
struct taken_time {
  timestamp from, to;
  std::uint32_t places = 1;
  bool is_whole = false;  // of what stands above or below: nothing is left
};
struct resource_times {
  std::uint32_t capacity = 0;
  std::vector<taken_time> taken;
};

class constraint_index {
 public:
  using find_entity = std::function<entity_ptr(std::string_view id)>;

  // Of all entities that are there. What breaks a constraint (twenty are named) refuses it, fault conflict, or is left out of
  // it and named in the program's log.
  enum class broken { refuses, is_named };
  constraint_index(model::registry_ptr r, entity_store const& entities, broken what);

  bool has_any() const { return !slots_.empty(); }
  // Images of a decision, at its end: what was leaves before what is comes, so that two may swap. Faults: conflict or
  // invalid, naming member and rule; the caller goes back to its mark then.
  void apply(std::span<image_pair const> finals, find_entity const& find);

  // Everything since a mark can be taken back, until it is settled.
  std::size_t mark() const { return journal_.size(); }
  void undo_to(std::size_t mark);
  void settle() { journal_.clear(); }

  // What entities of a type take of a resource between two times: for who looks for free ones. Any thread.
  resource_times times_of(symbol type, std::string const& resource, timestamp from, timestamp to, find_entity const& find) const;

 private:
  struct slot {
    model::type const* type;
    model::constraint const* rule;
    std::unordered_map<std::string, std::string> holders;          // unique: by values
    std::unordered_map<std::string, interval_set> resources;           // no_overlap
    std::unordered_map<std::string, std::unordered_set<std::string>> parts;  // of a resource
  };
  // What an entity is to a constraint: where it stands there.
  struct row {
    std::string key;  // values, or the resource
    std::int64_t from = 0, to = 0;
    std::uint32_t places = 1;
    bool operator==(row const&) const = default;
  };
  enum class change : std::uint8_t { added, removed, part_added, part_removed };
  struct step {
    change what;
    std::uint32_t slot;
    std::string id;
    row at;
  };

  std::optional<row> row_of(slot const& s, entity const& e) const;
  void add(std::uint32_t slot, std::string const& id, row const& r, find_entity const& find);
  void put(slot& s, std::string const& id, row const& r);
  bool take(slot& s, std::string const& id, row const& r);
  void require_free(slot const& s, row const& r, find_entity const& find) const;
  void move_part(std::uint32_t slot, entity const* before, entity const* after);
  void require_capacity(slot const& s, entity const* before, entity const& after) const;
  std::uint32_t capacity_of(slot const& s, entity const* resource) const;
  std::vector<std::string> above(slot const& s, std::string const& resource, find_entity const& find) const;
  std::vector<std::string> below(slot const& s, std::string const& resource) const;

  model::registry_ptr models_;
  std::vector<slot> slots_;
  std::unordered_map<symbol, std::vector<std::uint32_t>> by_type_;
  std::vector<std::uint32_t> trees_;  // slots whose resources have parts
  std::vector<step> journal_;
  mutable std::mutex mutex_;  // held while something changes, and while somebody else looks
};

}  // namespace dos
