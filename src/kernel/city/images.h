// Entities as some writes left them, by id, in the order in which they were first written.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "kernel/graph/entity.h"

namespace dos {

class entity_images {
 public:
  struct entry {
    std::uint64_t hash = 0;
    entity_ptr held;  // of a forgotten one no more than its id
    bool forgotten = false;

    std::string const& id() const { return held->id; }
    entity_ptr image() const { return forgotten ? entity_ptr() : held; }
  };

  void set(entity_ptr e);
  void forget(std::string_view id);
  void merge(entity_images later);  // later ones win
  entry const* find(std::string_view id) const;

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  std::vector<entry>::const_iterator begin() const { return entries_.begin(); }
  std::vector<entry>::const_iterator end() const { return entries_.end(); }

  // Undoes what was set since a mark: a part of a write that failed leaves no trace.
  class undo {
   public:
    explicit undo(entity_images& of) : of_(of), size_(of.entries_.size()) { of_.undo_ = this; }
    ~undo() { of_.undo_ = nullptr; }
    void roll_back();

   private:
    friend class entity_images;
    entity_images& of_;
    std::size_t size_;
    std::vector<std::pair<std::size_t, entry>> replaced_;
  };

 private:
  static constexpr std::uint32_t nothing = UINT32_MAX;

  static constexpr std::size_t unindexed_max = 4;

  void put(entry e);
  std::uint32_t index_of(std::uint64_t hash, std::string_view id) const;  // in `entries_`, or nothing
  std::size_t place_of(std::uint64_t hash, std::string_view id) const;  // in `places_`; holds nothing when absent
  void rebuild(std::size_t size);

  std::vector<entry> entries_;
  std::vector<std::uint32_t> places_;  // open addressing by hash: an index of `entries_`, once they are more than few
  undo* undo_ = nullptr;
};

}  // namespace dos
