#include "standard/sensorthings/times.h"

namespace dos::sensorthings {

std::optional<timestamp> parse_instant(std::string_view text) {
  if (auto const t = parse_timestamp(text)) return t;
  if (text.size() == 10) return parse_timestamp(std::string(text) + "T00:00:00Z");
  // A plus sign that a form's encoding has made a blank.
  if (auto const at = text.rfind(' '); at != text.npos && at > 10) {
    return parse_timestamp(std::string(text.substr(0, at)) + "+" + std::string(text.substr(at + 1)));
  }
  return std::nullopt;
}

std::optional<span> parse_span(std::string_view text) {
  auto const slash = text.find('/');
  auto const from = parse_instant(text.substr(0, slash));
  if (!from) return std::nullopt;
  if (slash == text.npos) return span{*from, *from, true};
  auto const to = parse_instant(text.substr(slash + 1));
  if (!to || *to < *from) return std::nullopt;
  return span{*from, *to, false};
}

}  // namespace dos::sensorthings
