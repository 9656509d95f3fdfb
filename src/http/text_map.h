// Names and texts in the order they came; a name may come several times. Linear search: requests carry few.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"

namespace dos::http {

struct named_text {
  std::string name;
  std::string text;

  bool operator==(named_text const&) const = default;
};

enum class letter_case { matters, ignored };

template <letter_case Case>
class text_map {
 public:
  text_map() = default;
  text_map(std::initializer_list<named_text> entries) : entries_(entries) {}

  // The first of that name.
  std::optional<std::string_view> find(std::string_view name) const {
    for (auto const& e : entries_) {
      if (same(e.name, name)) return e.text;
    }
    return std::nullopt;
  }
  bool contains(std::string_view name) const { return find(name).has_value(); }
  std::string_view text_or(std::string_view name, std::string_view otherwise) const {
    return find(name).value_or(otherwise);
  }
  std::vector<std::string_view> find_all(std::string_view name) const {
    auto found = std::vector<std::string_view>();
    for (auto const& e : entries_) {
      if (same(e.name, name)) found.push_back(e.text);
    }
    return found;
  }

  std::size_t count(std::string_view name) const {
    return std::size_t(std::count_if(entries_.begin(), entries_.end(), [&](named_text const& e) { return same(e.name, name); }));
  }

  void add(std::string name, std::string text) { entries_.push_back({std::move(name), std::move(text)}); }
  // Replaces all of that name.
  void set(std::string name, std::string text) {
    erase(name);
    add(std::move(name), std::move(text));
  }
  void erase(std::string_view name) {
    std::erase_if(entries_, [&](named_text const& e) { return same(e.name, name); });
  }
  void clear() { entries_.clear(); }
  void reserve(std::size_t n) { entries_.reserve(n); }

  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

  bool operator==(text_map const&) const = default;

 private:
  static bool same(std::string_view a, std::string_view b) {
    if constexpr (Case == letter_case::ignored) {
      return text::equal_ignoring_case(a, b);
    } else {
      return a == b;
    }
  }
  std::vector<named_text> entries_;
};

using headers = text_map<letter_case::ignored>;
using query_map = text_map<letter_case::matters>;
using param_map = text_map<letter_case::matters>;

// All values of a list header (Accept, If-Match, Link …) as one text, joined with ", ". RFC 9110, 5.3
std::string joined(headers const& h, std::string_view name);
// The elements of a comma-separated header value, trimmed, empty ones left out; commas inside "quotes" and <links>
// do not separate. The views point into `text`.
std::vector<std::string_view> list_elements(std::string_view text, char separator = ',');

}  // namespace dos::http
