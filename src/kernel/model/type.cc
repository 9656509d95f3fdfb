#include "kernel/model/type.h"

#include <algorithm>
#include <array>

namespace dos::model {
namespace {

constexpr auto kind_texts = std::array<std::string_view, 13>{"text", "multilingual", "number",       "integer", "boolean", "date", "time",
                                                             "choice", "relationship", "geo", "file",    "person",  "json"};

}  // namespace

std::string_view to_text(value_kind k) { return kind_texts[std::size_t(k)]; }

std::optional<value_kind> parse_value_kind(std::string_view text) {
  auto const it = std::find(kind_texts.begin(), kind_texts.end(), text);
  return it == kind_texts.end() ? std::nullopt : std::optional(value_kind(it - kind_texts.begin()));
}

attribute_kind kind_of(value_kind k) {
  switch (k) {
    case value_kind::multilingual: return attribute_kind::language_property;
    case value_kind::relationship:
    case value_kind::file: return attribute_kind::relationship;
    case value_kind::geo: return attribute_kind::geo_property;
    case value_kind::text:
    case value_kind::number:
    case value_kind::integer:
    case value_kind::boolean:
    case value_kind::date:
    case value_kind::time:
    case value_kind::choice:
    case value_kind::person:
    case value_kind::json: return attribute_kind::property;
  }
  return attribute_kind::property;
}

attribute_rule const* type::find(symbol attribute) const {
  auto const it = places.find(attribute);
  return it == places.end() ? nullptr : &attributes[it->second];
}

action const* type::find_action(std::string_view name) const {
  auto const it = std::find_if(actions.begin(), actions.end(), [&](action const& a) { return a.name == name; });
  return it == actions.end() ? nullptr : &*it;
}

void type::finish() {
  places.clear();
  for (auto i = std::size_t(0); i < attributes.size(); ++i) places[attributes[i].name] = i;
  auto const guard = [&](symbol name) {
    if (auto const it = places.find(name); it != places.end()) attributes[it->second].is_guarded = true;
  };
  if (workflow) guard(workflow->attribute);
  guard(number);
  for (auto const& a : attributes) {
    if (a.is_fixed || a.is == value_kind::person) guard(a.name);
  }
  for (auto const& c : constraints) {
    for (auto const a : c.attributes) guard(a);
    for (auto const a : {c.of, c.from, c.to, c.takes, c.part_of, c.capacity_of}) guard(a);
    for (auto const a : c.only_while.attributes()) guard(a);
  }
  for (auto const& d : deadlines) guard(d.at);
}

}  // namespace dos::model
