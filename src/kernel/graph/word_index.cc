#include "kernel/graph/word_index.h"

#include <algorithm>

#include "kernel/graph/words.h"

namespace dos {

bool word_index::concerns(symbol attribute_name) const { return query::is_searched(attribute_name); }

void word_index::insert(std::uint32_t slot, entity const& e) {
  for (auto& word : query::words_of(e)) {
    auto it = numbers_.find(word);
    if (it == numbers_.end()) {
      auto number = std::uint32_t(terms_.size());
      if (free_.empty()) {
        terms_.emplace_back();
      } else {
        number = free_.back();
        free_.pop_back();
      }
      terms_[number].text = std::move(word);
      it = numbers_.emplace(terms_[number].text, number).first;
    }
    terms_[it->second].slots.insert(slot);
  }
}

void word_index::erase(std::uint32_t slot, entity const& e) {
  for (auto const& word : query::words_of(e)) {
    auto const it = numbers_.find(word);
    if (it == numbers_.end()) continue;
    auto const number = it->second;
    auto& t = terms_[number];
    t.slots.erase(slot);
    if (t.slots.size() != 0) continue;
    numbers_.erase(it);
    t = {};
    free_.push_back(number);
  }
}

void word_index::collect(std::string_view part, std::size_t from, std::size_t to, std::size_t slots_max,
                         slot_set& out) const {
  auto slots = std::vector<std::uint32_t>();
  for (auto i = from; i < std::min(terms_.size(), to) && out.size() < slots_max; ++i) {
    if (terms_[i].text.find(part) == std::string::npos) continue;
    slots.clear();
    terms_[i].slots.copy_from(0, slots_max, slots);
    for (auto const s : slots) out.insert(s);
  }
}

}  // namespace dos
