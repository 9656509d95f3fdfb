// Which entities hold which word. For this module only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "kernel/graph/derived_index.h"
#include "kernel/graph/slot_set.h"

namespace dos {

class word_index final : public derived_index {
 public:
  word_index();

  bool concerns(symbol attribute_name) const override;
  void insert(std::uint32_t slot, entity const& e) override;
  void erase(std::uint32_t slot, entity const& e) override;

  // Adds the slots of the terms numbered from `from` to below `to` that contain `part`, until there are `slots_max`.
  // Between calls the lock may be given up: an entity that stays as it is is found all the same.
  void collect(std::string_view part, std::size_t from, std::size_t to, std::size_t slots_max, slot_set& out) const;
  std::size_t term_count() const { return terms_.size(); }

 private:
  static constexpr std::uint32_t no_slot = 0xffff'ffff;

  // Most words (numbers above all) stand in a single entity.
  struct term {
    std::uint32_t start = 0;
    std::uint32_t length = 0;  // 0: free
    std::uint32_t only = no_slot;
    std::unique_ptr<slot_set> slots;  // when there are several
  };

  // Numbers of terms, found by their text.
  struct text_hash {
    using is_transparent = void;
    word_index const* index;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
    std::size_t operator()(std::uint32_t number) const { return (*this)(index->text_of(number)); }
  };
  struct text_equal {
    using is_transparent = void;
    word_index const* index;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return a == b; }
    bool operator()(std::string_view a, std::uint32_t b) const { return a == index->text_of(b); }
    bool operator()(std::uint32_t a, std::string_view b) const { return index->text_of(a) == b; }
  };

  std::string_view text_of(std::uint32_t number) const {
    return std::string_view(texts_).substr(terms_[number].start, terms_[number].length);
  }
  std::uint32_t add_term(std::string_view word);
  void remove_term(std::uint32_t number);

  std::string texts_;  // of all terms, one behind the other
  std::size_t unused_bytes_ = 0;
  std::vector<term> terms_;
  std::vector<std::uint32_t> free_;
  std::unordered_set<std::uint32_t, text_hash, text_equal> numbers_;
};

}  // namespace dos
