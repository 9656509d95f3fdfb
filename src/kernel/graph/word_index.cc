#include "kernel/graph/word_index.h"

#include <algorithm>

#include "kernel/graph/words.h"

namespace dos {

word_index::word_index() : numbers_(0, text_hash{this}, text_equal{this}) {}

bool word_index::concerns(symbol attribute_name) const { return query::is_searched(attribute_name); }

std::uint32_t word_index::add_term(std::string_view word) {
  auto number = std::uint32_t(terms_.size());
  if (free_.empty()) {
    terms_.emplace_back();
  } else {
    number = free_.back();
    free_.pop_back();
  }
  terms_[number].start = std::uint32_t(texts_.size());
  terms_[number].length = std::uint32_t(word.size());
  texts_ += word;
  numbers_.insert(number);
  return number;
}

void word_index::remove_term(std::uint32_t number) {
  numbers_.erase(number);
  unused_bytes_ += terms_[number].length;
  terms_[number] = {};
  free_.push_back(number);
  if (unused_bytes_ < 65'536 || unused_bytes_ < texts_.size() / 2) return;
  auto packed = std::string();
  packed.reserve(texts_.size() - unused_bytes_);
  for (auto& t : terms_) packed.append(texts_, std::exchange(t.start, std::uint32_t(packed.size())), t.length);
  texts_ = std::move(packed);
  unused_bytes_ = 0;
}

void word_index::insert(std::uint32_t slot, entity const& e) {
  for (auto const& word : query::words_of(e)) {
    auto const it = numbers_.find(std::string_view(word));
    auto& t = terms_[it == numbers_.end() ? add_term(word) : *it];
    if (t.slots) {
      t.slots->insert(slot);
    } else if (t.only == no_slot) {
      t.only = slot;
    } else if (t.only != slot) {
      t.slots = std::make_unique<slot_set>();
      t.slots->insert(t.only);
      t.slots->insert(slot);
    }
  }
}

void word_index::erase(std::uint32_t slot, entity const& e) {
  for (auto const& word : query::words_of(e)) {
    auto const it = numbers_.find(std::string_view(word));
    if (it == numbers_.end()) continue;
    auto& t = terms_[*it];
    if (t.slots ? t.slots->erase(slot) && t.slots->size() == 0 : t.only == slot) remove_term(*it);
  }
}

void word_index::collect(std::string_view part, std::size_t from, std::size_t to, std::size_t slots_max,
                         slot_set& out) const {
  auto slots = std::vector<std::uint32_t>();
  for (auto i = from; i < std::min(terms_.size(), to) && out.size() < slots_max; ++i) {
    auto const& t = terms_[i];
    if (t.length < part.size() || text_of(std::uint32_t(i)).find(part) == std::string_view::npos) continue;
    slots.clear();
    if (t.slots) t.slots->copy_from(0, slots_max, slots);
    else slots.push_back(t.only);
    for (auto const s : slots) out.insert(s);
  }
}

}  // namespace dos
