#include "http/media.h"

#include <algorithm>
#include <cstdlib>

#include "base/fault.h"

namespace dos::http {
namespace {

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  auto result = std::string();
  for (auto i = std::size_t{1}; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) ++i;
    result += text[i];
  }
  return result;
}

// "0.8" -> 800; what cannot be read is as if it were not there
int quality(std::string_view text) {
  auto const one = text.starts_with('1');
  if (text.empty() || text.size() > 5 || !(one || text.starts_with('0'))) return 1000;
  if (text.size() > 1 && text[1] != '.') return 1000;
  auto result = 0;
  for (auto i = std::size_t{2}, unit = std::size_t{100}; i < text.size(); ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') return 1000;
    result += (text[i] - '0') * int(unit);
  }
  return one ? 1000 : result;
}

std::optional<media_type> read_media_type(std::string_view text) {
  auto const parts = list_elements(text, ';');
  if (parts.empty()) return std::nullopt;
  auto const slash = parts[0].find('/');
  if (slash == std::string_view::npos || !is_token(parts[0].substr(0, slash)) || !is_token(parts[0].substr(slash + 1)))
    return std::nullopt;
  auto result = media_type{text::lower(parts[0]), {}};
  for (auto i = std::size_t{1}; i < parts.size(); ++i) {
    auto const equals = parts[i].find('=');
    if (equals == std::string_view::npos || !is_token(parts[i].substr(0, equals))) return std::nullopt;
    result.params.add(text::lower(parts[i].substr(0, equals)), unquoted(parts[i].substr(equals + 1)));
  }
  return result;
}

// How exactly a range names a type: 0 not at all, 1 "*/*", 2 "text/*", 3 the type, more with each parameter.
// A parameter of the range that the offer does not have is no match, except charset: all our text is UTF-8.
int precision(media_type const& range, media_type const& offer) {
  auto result = 0;
  if (range.name == offer.name) {
    result = 3;
  } else if (range.name == "*/*") {
    result = 1;
  } else if (range.name.ends_with("/*") &&
             offer.name.starts_with(std::string_view(range.name).substr(0, range.name.size() - 1))) {
    result = 2;
  }
  if (result == 0) return 0;
  for (auto const& [name, text] : range.params) {
    if (name == "q") break;
    if (name == "charset") continue;
    auto const offered = offer.params.find(name);
    if (!offered || !text::equal_ignoring_case(*offered, text)) return 0;
    ++result;
  }
  return result;
}

}  // namespace

media_type parse_media_type(std::string_view text) {
  auto result = read_media_type(text);
  require(result.has_value(), fault_kind::malformed, "a media type like \"application/json\" is expected",
          "Content-Type");
  return *std::move(result);
}

std::string content_type(headers const& h) {
  auto const text = h.text_or("Content-Type", {});
  return text::lower(text::trim(text.substr(0, text.find(';'))));
}

std::optional<std::size_t> negotiate(std::string_view accept, std::span<std::string_view const> offered) {
  auto ranges = std::vector<media_type>();
  auto const elements = list_elements(accept);
  for (auto const element : elements) {
    if (auto range = read_media_type(element)) ranges.push_back(*std::move(range));
  }
  if (elements.empty()) return offered.empty() ? std::nullopt : std::optional<std::size_t>(0);
  auto best = std::optional<std::size_t>();
  auto best_quality = 0;
  for (auto i = std::size_t{0}; i < offered.size(); ++i) {
    auto const offer = parse_media_type(offered[i]);
    auto offer_precision = 0;
    auto offer_quality = 0;
    for (auto const& range : ranges) {
      if (auto const p = precision(range, offer); p > offer_precision) {
        offer_precision = p;
        offer_quality = quality(range.params.text_or("q", "1"));
      }
    }
    if (offer_quality > best_quality) {
      best = i;
      best_quality = offer_quality;
    }
  }
  return best;
}

std::string_view get_acceptable(headers const& h, std::initializer_list<std::string_view> offered) {
  auto const choice = negotiate(joined(h, "Accept"), std::span(offered.begin(), offered.size()));
  if (choice) return *(offered.begin() + *choice);
  auto detail = std::string("offered here:");
  for (auto const o : offered) detail.append(" ").append(o);
  throw fault(fault_kind::not_acceptable, std::move(detail), "Accept");
}

bool accepts_coding(std::string_view accept_encoding, std::string_view coding) {
  auto any = false;
  for (auto const element : list_elements(accept_encoding)) {
    auto const parts = list_elements(element, ';');
    if (parts.empty()) continue;
    auto const refused = parts.size() > 1 && parts[1].starts_with("q=") && quality(parts[1].substr(2)) == 0;
    if (text::equal_ignoring_case(parts[0], coding)) return !refused;
    if (parts[0] == "*") any = !refused;
  }
  return any;
}

}  // namespace dos::http
