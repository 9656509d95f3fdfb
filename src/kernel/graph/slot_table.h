// Where entities lie: ids to slots, and what is known of each slot. For this module only.
//
// Looking an id up takes one lock of many, chosen by the id, so that a `find` by id hardly ever meets the writer. A
// slot's entity changes only while the store's lock and the lock of its id are both held: holding either, one may read.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string_view>
#include <vector>

#include "base/fair_shared_mutex.h"
#include "kernel/graph/entity.h"
#include "kernel/graph/entity_store.h"
#include "kernel/graph/series_owners.h"

namespace dos {

class slot_table {
 public:
  // A living attribute tells its series itself; here are those of attributes that are gone, and which told ones not to
  // believe because the history was removed while the attribute stayed.
  struct series_notes {
    std::vector<series_ref> gone;
    std::vector<std::uint64_t> removed;
  };

  slot_table();

  // --- any thread ---
  std::optional<std::uint32_t> find_slot(std::string_view id) const;
  entity_ptr find(std::string_view id) const;
  std::vector<series_ref> series_of(std::string_view id) const;
  std::optional<series_ref> find_series(std::string_view id, std::uint64_t series) const;  // the one of these
  series_owners const& owners() const { return owners_; }

  // --- under the store's lock, shared at least ---
  entity_ptr const& entity_at(std::uint32_t slot) const { return at(slot).entity; }  // null: the slot is free

  // --- the writer, who holds the store's lock exclusively for the first two ---
  // A slot behind all others, so that the order of slots is the order of creation. (Slots are used again, the oldest
  // first, once a million lie idle.)
  std::uint32_t set(std::optional<std::uint32_t> slot, entity_ptr e);
  void erase(std::uint32_t slot);
  void add_series(std::string_view id, series_ref s);
  void remove_series(std::string_view id, std::uint64_t series);
  void fetch_ahead(std::span<std::string_view const> ids) const;  // see entity_store

 private:
  struct slot {
    dos::entity_ptr entity;
    std::unique_ptr<series_notes> series;

    bool has(attribute const& a) const {
      return a.series && !(series && std::find(series->removed.begin(), series->removed.end(), a.series) != series->removed.end());
    }
  };

  // Open addressing; an entry is the upper half of the hash and the slot.
  struct shard {
    mutable fair_shared_mutex mutex;
    std::vector<std::uint64_t> entries;
    std::size_t count = 0;
  };

  static constexpr std::size_t shard_count = 64;
  static constexpr std::size_t page_size = 4096;
  static constexpr std::size_t pages_max = 32'768;  // 134 million entities
  static constexpr std::size_t idle_slots_max = 1'000'000;

  using page = std::array<slot, page_size>;

  slot& at(std::uint32_t s) { return (*pages_[s / page_size])[s % page_size]; }
  slot const& at(std::uint32_t s) const { return (*pages_[s / page_size])[s % page_size]; }
  shard& shard_of(std::uint64_t hash) { return shards_[hash % shard_count]; }
  shard const& shard_of(std::uint64_t hash) const { return shards_[hash % shard_count]; }
  slot const* find_locked(shard const& s, std::uint64_t hash, std::string_view id) const;
  std::optional<std::size_t> find_entry(shard const& s, std::uint64_t hash, std::string_view id) const;
  void add_entry(shard& s, std::uint64_t hash, std::uint32_t slot);
  void remove_entry(shard& s, std::size_t entry);
  std::uint32_t take_slot();

  std::array<shard, shard_count> shards_;
  std::vector<std::unique_ptr<page>> pages_;  // never resized, so that readers need no lock for it
  std::uint32_t next_ = 0;
  series_owners owners_;
  std::vector<std::uint32_t> idle_;  // a ring from `idle_at_` on
  std::size_t idle_at_ = 0;
  std::size_t likely_ = 0;  // place of the attribute whose series is added next
};

}  // namespace dos
