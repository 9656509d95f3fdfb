#include "standard/sensorthings/times.h"

namespace dos::sensorthings {
namespace {

std::optional<timestamp> moved(timestamp t, std::string_view by, int sign) {
  auto const d = parse_duration(by);
  if (!d || d->months > 12 * 10'000) return std::nullopt;
  auto const moved = time_zone("UTC").add_months(t, sign * d->months) + sign * d->us;
  return moved < timestamp_min || moved > timestamp_max ? std::nullopt : std::optional(moved);
}

}  // namespace

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
  auto from = parse_instant(text.substr(0, slash));
  if (slash == text.npos) return from ? std::optional(span{*from, *from, true}) : std::nullopt;
  auto to = parse_instant(text.substr(slash + 1));
  if (from && !to) to = moved(*from, text.substr(slash + 1), 1);
  if (to && !from) from = moved(*to, text.substr(0, slash), -1);
  if (!from || !to || *to < *from) return std::nullopt;
  return span{*from, *to, false};
}

}  // namespace dos::sensorthings
