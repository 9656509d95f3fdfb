// A part of a declaration and its path, for faults that name the member.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fault.h"
#include "base/json.h"

namespace dos::files {

class part {
 public:
  part(json::value const& v, std::string path) : value_(v), path_(std::move(path)) {}

  json::value const& value() const { return value_; }

  [[noreturn]] void fail(std::string const& why) const { throw fault(fault_kind::invalid, why, path_); }

  part const& only(std::initializer_list<std::string_view> words) const {
    if (!value_.is_object()) fail("expected an object");
    for (auto const& m : value_.as_object()) {
      if (std::find(words.begin(), words.end(), m.key) != words.end()) continue;
      auto known = std::string();
      for (auto const w : words) known += (known.empty() ? "" : ", ") + std::string(w);
      at(m.key).fail("unknown word \"" + m.key + "\"; known here: " + known);
    }
    return *this;
  }

  bool has(std::string_view key) const { return value_.find(key) != nullptr; }
  part at(std::string_view key) const {
    static auto const nothing = json::value();
    auto const* const found = value_.find(key);
    return {found ? *found : nothing, path_.empty() ? std::string(key) : path_ + '.' + std::string(key)};
  }
  std::vector<part> items() const {
    if (!value_.is_array()) fail("expected a list");
    auto result = std::vector<part>();
    for (auto i = std::size_t(0); i < value_.as_array().size(); ++i) {
      result.push_back({value_.as_array()[i], path_ + '[' + std::to_string(i) + ']'});
    }
    return result;
  }

  std::string text() const {
    if (value_.is_string()) return std::string(value_.as_string());
    if (value_.is_number()) return json::to_string(value_);  // a column may be called 2014
    fail("expected a text");
  }
  std::string text_or(std::string_view key, std::string otherwise) const {
    return has(key) ? at(key).text() : otherwise;
  }
  double number() const {
    if (!value_.is_number()) fail("expected a number");
    return value_.as_double();
  }
  std::int64_t whole_number(std::int64_t least, std::int64_t most) const {
    if (!value_.is_int() || value_.as_int() < least || value_.as_int() > most) {
      fail("expected a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return value_.as_int();
  }
  bool boolean_or(std::string_view key, bool otherwise) const {
    if (!has(key)) return otherwise;
    if (!at(key).value_.is_bool()) at(key).fail("expected true or false");
    return at(key).value_.as_bool();
  }
  std::vector<std::string> texts_or_none(std::string_view key) const {
    auto result = std::vector<std::string>();
    if (has(key)) {
      for (auto const& item : at(key).items()) result.push_back(item.text());
    }
    return result;
  }
  std::vector<std::string> text_or_texts(std::string_view key) const {
    if (has(key) && !at(key).value_.is_array()) return {at(key).text()};
    return texts_or_none(key);
  }
  std::vector<std::pair<std::string, std::string>> texts_by_name(std::string_view key) const {
    auto result = std::vector<std::pair<std::string, std::string>>();
    if (!has(key)) return result;
    if (!at(key).value_.is_object()) at(key).fail("expected an object");
    for (auto const& m : at(key).value_.as_object()) result.emplace_back(m.key, at(key).at(m.key).text());
    return result;
  }
  // What another parser has to say gets our path.
  template <typename T, typename... Args>
  T made(Args&&... args) const {
    try {
      return T(std::forward<Args>(args)...);
    } catch (fault const& f) {
      fail(f.detail);
    }
  }
  // The same for what only checks.
  template <typename Check>
  void held(Check const& check) const {
    try {
      check();
    } catch (fault const& f) {
      fail(f.detail);
    }
  }

 private:
  json::value const& value_;
  std::string path_;
};

}  // namespace dos::files
