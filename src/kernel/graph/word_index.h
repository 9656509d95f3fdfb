// Which entities hold which word. For this module only.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/graph/derived_index.h"
#include "kernel/graph/slot_set.h"

namespace dos {

class word_index final : public derived_index {
 public:
  bool concerns(symbol attribute_name) const override;
  void insert(std::uint32_t slot, entity const& e) override;
  void erase(std::uint32_t slot, entity const& e) override;

  // Adds the slots of the terms numbered from `from` to below `to` that contain `part`, until there are `slots_max`.
  // Between calls the lock may be given up: an entity that stays as it is is found all the same.
  void collect(std::string_view part, std::size_t from, std::size_t to, std::size_t slots_max, slot_set& out) const;
  std::size_t term_count() const { return terms_.size(); }

 private:
  struct term {
    std::string text;  // empty: free
    slot_set slots;
  };

  std::deque<term> terms_;  // never moved, since `numbers_` points into them
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
  std::vector<std::uint32_t> free_;
};

}  // namespace dos
