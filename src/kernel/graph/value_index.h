// The values of one attribute, or of a member of it, in order, whatever the type of the entity. For this module only.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/graph/derived_index.h"
#include "kernel/graph/query.h"

namespace dos {

struct indexed_path {
  symbol attribute;
  std::vector<std::string> trail;  // see query::path

  bool operator==(indexed_path const&) const = default;
};

class value_index final : public derived_index {
 public:
  // Numbers, times and booleans keep their order as keys; of texts there is but a hash, good for equality.
  enum class kind : std::uint32_t { boolean, number, time, text };
  struct bounds {
    value_index::kind kind;
    std::uint64_t from, to;   // keys, both included; nothing lies within when `from` is the greater one
    bool is_exact = false;    // everything that lies within satisfies the comparison
  };

  explicit value_index(indexed_path of) : of_(std::move(of)) {}

  // Where everything lies that can satisfy the comparison (and maybe more); nothing when an index cannot say.
  static std::optional<std::vector<bounds>> find_bounds(query::node const& compare);

  bool concerns(symbol attribute_name) const override { return attribute_name == of_.attribute; }
  indexed_path const& of() const { return of_; }
  void insert(std::uint32_t slot, entity const& e) override;
  void erase(std::uint32_t slot, entity const& e) override;

  std::size_t count(bounds const& b) const;
  void collect(bounds const& b, std::vector<std::uint32_t>& out) const;  // in no order of slots; some perhaps twice
  std::size_t size() const { return size_; }

 private:
  struct entry {
    value_index::kind kind;
    std::uint32_t slot;
    std::uint64_t key;

    std::strong_ordering operator<=>(entry const& o) const {
      if (auto const c = kind <=> o.kind; c != 0) return c;
      if (auto const c = key <=> o.key; c != 0) return c;
      return slot <=> o.slot;
    }
    bool operator==(entry const&) const = default;
  };
  using block = std::vector<entry>;
  static constexpr std::size_t block_max = 512;

  template <typename Visit>
  void for_each_entry(std::uint32_t slot, entity const& e, Visit const& visit) const;
  template <typename Visit>
  void for_each_run(bounds const& b, Visit const& visit) const;
  std::size_t block_for(entry const& e) const;
  void insert(entry const& e);
  void erase(entry const& e);

  indexed_path of_;
  std::vector<block> blocks_;  // in order, none empty
  std::size_t size_ = 0;
};

}  // namespace dos
