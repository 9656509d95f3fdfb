#include "kernel/graph/words.h"

#include <algorithm>

#include "base/text.h"

namespace dos::query {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

void add_texts(std::string& out, json::value const& v) {
  if (v.is_string()) {
    (out += v.as_string()) += '\n';
  } else if (v.is_number() || v.is_bool()) {
    (out += json::to_string(v)) += '\n';
  } else if (v.is_array()) {
    for (auto const& item : v.as_array()) add_texts(out, item);
  } else if (v.is_object()) {
    for (auto const& m : v.as_object()) {
      if (m.key != "@type") add_texts(out, m.value);
    }
  }
}

std::string searched_text(entity const& e, lens const* through = nullptr) {
  auto out = e.id.substr(e.id.find_last_of(":/") + 1) + '\n';  // npos + 1 is the whole id
  for (auto const& a : e.attributes) {
    if (is_searched(a->name) && (!through || through->shows(e, a->name))) add_texts(out, a->value);
  }
  return text::folded(out);
}

std::vector<std::string> cut(std::string const& folded) {
  auto words = std::vector<std::string>();
  for (auto from = folded.begin();;) {
    from = std::find_if(from, folded.end(), is_letter);
    if (from == folded.end()) return words;
    auto const to = std::find_if_not(from, folded.end(), is_letter);
    words.emplace_back(from, to);
    from = to;
  }
}

}  // namespace

bool is_searched(symbol attribute_name) {
  auto const name = attribute_name.text();
  auto const local = name.substr(name.find_last_of("/#:") + 1);
  return local == "name" || local == "title" || local == "description";
}

std::vector<std::string> words_of(std::string_view text) { return cut(text::folded(text)); }

std::vector<std::string> words_of(entity const& e) { return cut(searched_text(e)); }

bool has_words(entity const& e, std::vector<std::string> const& words, lens const* through) {
  auto const text = searched_text(e, through);
  return std::all_of(words.begin(), words.end(), [&](auto const& w) { return text.find(w) != text.npos; });
}

}  // namespace dos::query
