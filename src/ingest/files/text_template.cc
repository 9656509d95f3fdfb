#include "ingest/files/text_template.h"

#include "base/fault.h"
#include "base/text.h"

namespace dos::files {
namespace {

bool is_letter_or_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

void append_percent_encoded(std::string& out, std::string_view s) {
  constexpr char hex[] = "0123456789ABCDEF";
  for (auto const c : s) {
    auto const byte = static_cast<unsigned char>(c);
    if (is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~')
      out += c;
    else
      out.append({'%', hex[byte >> 4], hex[byte & 15]});
  }
}

}  // namespace

std::string to_slug(std::string_view text) {
  auto slug = std::string();
  for (auto const c : text::folded(text)) {
    if (is_letter_or_digit(c))
      slug += c;
    else if (!slug.empty() && slug.back() != '-')
      slug += '-';
  }
  if (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug;
}

text_template::text_template(std::string_view pattern) {
  auto const fail = [&](char const* why) {
    throw fault(fault_kind::invalid, "the template \"" + std::string(pattern) + "\" " + why);
  };
  auto literal = std::string();
  auto const end_literal = [&] {
    if (!literal.empty()) pieces_.push_back({std::move(literal), false, false});
    literal.clear();
  };
  for (auto at = std::size_t(0); at < pattern.size(); ++at) {
    if (pattern[at] != '{' || pattern.substr(at, 2) == "{{") {
      at += pattern[at] == '{';
      literal += pattern[at];
      continue;
    }
    end_literal();
    auto const end = pattern.find('}', at);
    if (end == pattern.npos) fail("opens a brace and does not close it");
    auto name = pattern.substr(at + 1, end - at - 1);
    auto const is_slug = name.ends_with("|slug");
    if (is_slug) name.remove_suffix(5);
    if (name.empty()) fail("has a brace without a name");
    pieces_.push_back({std::string(name), true, is_slug});
    at = end;
  }
  end_literal();
}

std::vector<std::string> text_template::names() const {
  auto result = std::vector<std::string>();
  for (auto const& p : pieces_) {
    if (p.is_field) result.push_back(p.text);
  }
  return result;
}

std::optional<std::string> text_template::fill(find_text const& find, bool for_uri) const {
  auto result = std::string();
  for (auto const& p : pieces_) {
    if (result.size() > filled_bytes_max) break;
    if (!p.is_field) {
      result += p.text;
      continue;
    }
    auto found = find(p.text);
    if (found && p.is_slug) *found = to_slug(*found);
    if (!found || found->empty()) return {};
    if (for_uri)
      append_percent_encoded(result, *found);
    else
      result += *found;
  }
  return result;
}

}  // namespace dos::files
