#include "kernel/graph/attribute_editor.h"

#include <algorithm>

namespace dos {

std::size_t attribute_places::find(symbol name, symbol dataset, std::size_t likely) const {
  if (is_at(likely, name, dataset)) return likely;
  if (of_.size() <= few) {
    for (auto i = std::size_t(0); i < of_.size(); ++i) {
      if (is_at(i, name, dataset)) return i;
    }
    return nowhere;
  }
  for (; indexed_ < of_.size(); ++indexed_) {
    if (of_[indexed_]) places_.insert_or_assign(key(of_[indexed_]->name, of_[indexed_]->dataset), indexed_);
  }
  auto const it = places_.find(key(name, dataset));
  return it != places_.end() && is_at(it->second, name, dataset) ? it->second : nowhere;
}

attribute_editor::~attribute_editor() {
  if (has_gaps_) std::erase_if(all_, [](attribute_ptr const& a) { return !a; });
}

attribute_ptr attribute_editor::find(symbol name, symbol dataset) const {
  auto const i = places_.find(name, dataset);
  return i == attribute_places::nowhere ? attribute_ptr() : all_[i];
}

void attribute_editor::set(attribute_ptr a) {
  auto const i = places_.find(a->name, a->dataset);
  if (i == attribute_places::nowhere) all_.push_back(std::move(a));
  else all_[i] = std::move(a);
}

bool attribute_editor::remove(symbol name, symbol dataset) {
  auto const i = places_.find(name, dataset);
  if (i == attribute_places::nowhere) return false;
  all_[i] = {};
  has_gaps_ = true;
  return true;
}

}  // namespace dos
