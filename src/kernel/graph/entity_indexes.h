// Every index over the entities of a city, and the choice among them. For this module only.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "geo/rtree.h"
#include "kernel/graph/derived_index.h"
#include "kernel/graph/query.h"
#include "kernel/graph/slot_set.h"
#include "kernel/graph/value_index.h"
#include "kernel/graph/word_index.h"

namespace dos {

// Where the entities that can match a query are found.
struct query_plan {
  std::optional<std::vector<std::uint32_t>> slots;  // these, in order
  std::vector<symbol> types;                        // else, if `by_type`, those of these types
  bool by_type = false;                             // else every living one
  bool with_deleted = false;                        // and the deleted ones
  std::size_t estimate = 0;                         // of how many slots
  bool is_exact = false;                            // each of them matches, and `estimate` is their number
  bool is_try = false;                 // a few of them are likely to do: nothing was listed
  std::vector<indexed_path> unindexed;  // what is compared, but not indexed
  query::node const* text = nullptr;  // a text search that every match has to pass
};

inline constexpr std::size_t attribute_indexes_max = 16;

// One writer or many readers: the store's lock.
class entity_indexes {
 public:
  // The entity of a slot was replaced; null: there was none, or there is none any more.
  void change(std::uint32_t slot, entity const* before, entity const* after);

  std::size_t size() const { return living_.size(); }
  std::vector<std::pair<symbol, std::size_t>> types() const;
  std::vector<std::pair<symbol, std::size_t>> attributes_of(symbol type) const;

  // `find_slot`: of an id.
  using slot_finder = std::function<std::optional<std::uint32_t>(std::string_view id)>;
  // `few`: where so many entities are likely to hold all that is wanted, the plan is to try those first. 0: don't.
  query_plan make_plan(query::query const& q, slot_finder const& find_slot, std::size_t few = 0) const;
  // Only the living ones of these can match.
  void narrow(query_plan& p, slot_set const& found) const;
  // Appends up to `n` slots of the plan in order, the first not less than `from`.
  void copy_slots(query_plan const& p, std::uint64_t from, std::size_t n, std::vector<std::uint32_t>& out) const;
  // How many entities have one of these types, when types alone decide.
  std::size_t count_of_type(symbol type) const;
  // Some of them have other types, too.
  bool is_mixed(symbol type) const;

  bool has_values_of(indexed_path const& of) const { return find_values(of) != nullptr; }
  // Returns the one that had to go, used least of late, to be destroyed without a lock.
  std::unique_ptr<derived_index> add(std::unique_ptr<value_index> index);
  word_index const* words() const { return words_.get(); }
  void add(std::unique_ptr<word_index> index) { words_ = std::move(index); }

  // Nearest first; see geo::rtree::nearest.
  geo::rtree const* find_places(symbol attribute) const;

 private:
  struct type_entry {
    slot_set slots;
    std::unordered_map<symbol, std::size_t> attributes;  // how many have it
    std::size_t mixed = 0;                               // have other types, too
  };
  struct value_entry {
    std::unique_ptr<value_index> index;
    mutable std::atomic<std::uint64_t> last_used{0};

    value_entry(std::unique_ptr<value_index> i, std::uint64_t used) : index(std::move(i)), last_used(used) {}
  };

  void count(std::uint32_t slot, entity const& e, int by);
  void change_place(std::uint32_t slot, symbol attribute, entity const* after);
  std::vector<symbol> types_for(std::vector<query::selector> const& selectors, std::size_t& estimate) const;
  // What an index found, or could list: every match is among these slots.
  struct source {
    std::size_t count = 0;
    std::vector<std::uint32_t> slots;  // of ids, and of places, which have to be searched to be counted
    std::vector<std::pair<value_entry const*, value_index::bounds>> values;  // and what lies within these bounds
    bool is_exact = false;  // the node holds for all of them
  };
  value_entry const* find_values(indexed_path const& of) const;
  std::optional<source> find_source(query_plan& p, query::node const& n, slot_finder const& find_slot) const;
  std::optional<source> find_source_of_values(query_plan& p, query::node const& n) const;
  std::optional<source> find_source_of_places(query_plan const& p, query::node const& n) const;
  void use(query_plan& p, source s) const;
  bool pays_off(query_plan const& p, std::size_t listed) const;
  double expected_looks(query::query const& q, std::vector<source> const& sources) const;
  void keep_types(query_plan const& p, std::vector<std::uint32_t>& slots) const;
  void add_deleted(query_plan& p) const;

  slot_set living_;
  slot_set deleted_;
  std::unordered_map<symbol, type_entry> types_;
  std::unordered_map<symbol, geo::rtree> places_;
  std::vector<std::unique_ptr<value_entry>> values_;
  std::unique_ptr<word_index> words_;
  mutable std::atomic<std::uint64_t> uses_{0};
};

}  // namespace dos
