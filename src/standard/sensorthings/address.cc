#include "standard/sensorthings/address.h"

#include <utility>

#include "base/fault.h"
#include "base/text.h"

namespace dos::sensorthings {
namespace {

[[noreturn]] void nothing_found() { throw fault(fault_kind::not_found, "Not Found"); }

}  // namespace

std::optional<item> find_within(item const& from, navigation const& n, std::uint64_t id, reader const& r) {
  auto const found = r.find(n.to, id);
  if (!found) return std::nullopt;
  if (n.to == kind::observation && from.what != kind::feature) {
    return found->series.series == from.series.series ? found : std::nullopt;
  }
  if (from.what == kind::thing && n.to != kind::location) {
    return found->entity->id == from.entity->id ? found : std::nullopt;
  }
  auto is_there = false;
  r.for_each(from, n, {}, [&](item const& i) { return !(is_there = i.id == id); });
  return is_there ? found : std::nullopt;
}

set_and_id parse_segment(std::string_view segment) {
  auto const open = segment.find('(');
  if (open == segment.npos) return {segment, std::nullopt};
  auto const inner = segment.ends_with(')') ? segment.substr(open + 1, segment.size() - open - 2) : std::string_view();
  auto const n = text::to_int(inner);
  if (!n || *n < 0) nothing_found();
  return {segment.substr(0, open), std::uint64_t(*n)};
}

address resolve(std::span<std::string const> segments, reader const& r) {
  if (segments.empty()) nothing_found();
  auto a = address();
  auto const first = parse_segment(segments[0]);
  auto const k = find_set(first.name);
  if (!k) nothing_found();
  a.collection.what = *k;
  if (first.id) {
    a.form = address::form::entity;
    a.entity = r.find(*k, *first.id);
    if (!a.entity) nothing_found();
  }
  for (auto i = std::size_t(1); i < segments.size(); ++i) {
    auto const& segment = segments[i];
    auto const is_last = i + 1 == segments.size();
    if (a.form == address::form::property) {
      if (segment == "$value" && is_last) {
        a.value = true;
      } else {
        for (auto& part : split_path(segment)) a.property.push_back(std::move(part));
      }
      continue;
    }
    if (segment == "$ref" && is_last) {
      a.ref = true;
      continue;
    }
    if (a.form == address::form::set) {
      if (segment != "$count" || !is_last) nothing_found();
      a.count = true;
      continue;
    }
    auto const& here = describe(a.entity->what);
    auto const* const n = here.find_navigation(std::string_view(segment).substr(0, segment.find('(')));
    if (!n) {
      auto path = split_path(segment);
      auto const is_own = path[0] == "id" || path[0] == "@iot.id" || path[0] == "@iot.selfLink" || path[0] == "selfLink";
      if (!is_own && !here.find_property(path[0])) nothing_found();
      a.form = address::form::property;
      a.property = std::move(path);
      if (a.property[0] == "@iot.id") a.property[0] = "id";
      continue;
    }
    auto const next = parse_segment(segment);
    if (next.id && !n->many) nothing_found();
    a.parent = std::exchange(a.entity, std::nullopt);
    if (!n->many) {
      a.entity = r.follow(*a.parent, *n);
      if (!a.entity) nothing_found();
    } else if (next.id) {
      a.entity = find_within(*a.parent, *n, *next.id, r);
      if (!a.entity) nothing_found();
    } else {
      a.form = address::form::set;
      a.collection = {n->to, a.parent, n};
    }
  }
  return a;
}

}  // namespace dos::sensorthings
