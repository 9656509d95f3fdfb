#include "http/text_map.h"

namespace dos::http {
std::string joined(headers const& h, std::string_view name) {
  auto result = std::string();
  for (auto const text : h.find_all(name)) {
    if (!result.empty()) result += ", ";
    result += text;
  }
  return result;
}

std::vector<std::string_view> list_elements(std::string_view text, char separator) {
  auto elements = std::vector<std::string_view>();
  auto const add = [&](std::string_view element) {
    if (auto const e = text::trim(element); !e.empty()) elements.push_back(e);
  };
  auto start = std::size_t{0};
  auto closing = '\0';  // what ends the quoted part we are in
  for (auto i = std::size_t{0}; i < text.size(); ++i) {
    auto const c = text[i];
    if (closing) {
      if (c == '\\' && closing == '"') {
        ++i;
      } else if (c == closing) {
        closing = '\0';
      }
    } else if (c == '"') {
      closing = '"';
    } else if (c == '<') {
      closing = '>';
    } else if (c == separator) {
      add(text.substr(start, i - start));
      start = i + 1;
    }
  }
  add(text.substr(start));
  return elements;
}

}  // namespace dos::http
