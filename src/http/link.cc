#include "http/link.h"

#include "base/fault.h"

namespace dos::http {
namespace {

std::string quoted_string(std::string_view text) {
  auto result = std::string("\"");
  for (auto const c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string from_quoted_string(std::string_view text) {
  if (text.size() < 2 || text.front() != '"') return std::string(text);
  auto result = std::string();
  for (auto i = std::size_t{1}; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) ++i;
    result += text[i];
  }
  return result;
}

link parse_link(std::string_view text) {
  auto const parts = list_elements(text, ';');
  require(!parts.empty() && parts[0].starts_with('<') && parts[0].ends_with('>'), fault_kind::malformed,
          "a link like <https://example.org/x>; rel=\"next\" is expected", "Link");
  auto result = link{std::string(text::trim(parts[0].substr(1, parts[0].size() - 2))), {}, {}};
  for (auto i = std::size_t{1}; i < parts.size(); ++i) {
    auto const equals = parts[i].find('=');
    auto name = text::lower(text::trim(parts[i].substr(0, equals)));
    auto value =
        equals == std::string_view::npos ? std::string() : from_quoted_string(text::trim(parts[i].substr(equals + 1)));
    if (name != "rel") {
      result.params.add(std::move(name), std::move(value));
    } else if (result.rel.empty()) {  // RFC 8288, 3.3: later ones are ignored
      result.rel = std::move(value);
    }
  }
  return result;
}

}  // namespace

std::vector<link> parse_links(std::string_view text) {
  auto result = std::vector<link>();
  for (auto const element : list_elements(text)) result.push_back(parse_link(element));
  return result;
}

std::string to_text(link const& l) {
  auto result = '<' + l.target + '>';
  if (!l.rel.empty()) result += "; rel=" + quoted_string(l.rel);
  for (auto const& [name, text] : l.params) result += "; " + name + '=' + quoted_string(text);
  return result;
}

bool has_rel(link const& l, std::string_view rel) {
  for (auto const one : list_elements(l.rel, ' ')) {
    if (text::equal_ignoring_case(one, rel)) return true;
  }
  return false;
}

}  // namespace dos::http
