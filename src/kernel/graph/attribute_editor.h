// Finds and changes attributes of an entity one by one, in time that grows with their number and not with its square.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "kernel/graph/entity.h"

namespace dos {

// How many instances of attributes an entity may have, and how many series, counted with those of attributes that are gone.
inline constexpr std::size_t entity_attributes_max = 20'000;
inline constexpr std::size_t entity_series_max = 50'000;

// Which of many attributes has a name and a dataset. Few are looked at one by one, which is quicker.
class attribute_places {
 public:
  static constexpr std::size_t nowhere = SIZE_MAX;

  explicit attribute_places(std::vector<attribute_ptr> const& of) : of_(of) {}

  // `likely`: looked at first.
  std::size_t find(symbol name, symbol dataset, std::size_t likely = 0) const;
  bool contains(attribute const& a, std::size_t likely = 0) const { return find(a.name, a.dataset, likely) != nowhere; }

 private:
  friend class attribute_editor;
  static constexpr std::size_t few = 24;
  static std::uint64_t key(symbol name, symbol dataset) { return std::uint64_t(name.number()) << 32 | dataset.number(); }
  bool is_at(std::size_t i, symbol name, symbol dataset) const {
    return i < of_.size() && of_[i] && of_[i]->name == name && of_[i]->dataset == dataset;
  }

  std::vector<attribute_ptr> const& of_;
  mutable std::unordered_map<std::uint64_t, std::size_t> places_;  // of the first `indexed_` of them
  mutable std::size_t indexed_ = 0;
};

// While it lives, nobody else changes the list; what was removed has left it when it has gone.
class attribute_editor {
 public:
  explicit attribute_editor(std::vector<attribute_ptr>& all) : all_(all), places_(all) {}
  ~attribute_editor();

  attribute_ptr find(symbol name, symbol dataset) const;
  void set(attribute_ptr a);  // replaces the instance of the same name and dataset, or appends
  bool remove(symbol name, symbol dataset);

 private:
  std::vector<attribute_ptr>& all_;
  attribute_places places_;
  bool has_gaps_ = false;
};

}  // namespace dos
