// Whether a value is what a type declares. Cheap, without input or output: it runs where writes are decided.
#pragma once

#include <optional>

#include "base/fault.h"
#include "kernel/model/type.h"

namespace dos::model {

inline constexpr std::size_t text_length_max = 10'000;  // characters, where a type says nothing
inline constexpr std::size_t list_count_max = 1'000;

// Nothing when it is. The fault is invalid and names the attribute by its term, and the rule.
std::optional<fault> judge_value(attribute_rule const& rule, attribute const& a);
// A number beyond `min` or `max`: of what a device measures that is doubtful, not wrong.
bool is_out_of_range(attribute_rule const& rule, attribute const& a);
// The attribute that a person's answer makes: plain JSON, as an action or a form is given it. Faults: invalid.
attribute_ptr make_attribute_of(attribute_rule const& rule, json::value given);

// Typed values ({"@type": …, "@value": …}) count as what they hold.
json::value const& plain_value(attribute const& a);
// The moment that a time attribute tells.
std::optional<timestamp> moment_of(entity const& e, symbol attribute);
// The text that it holds, empty when it holds none: a state, a URI, a subject.
std::string_view text_of(entity const& e, symbol attribute);
// In a state that ends its workflow: it changes by an action alone.
bool is_at_an_end(type const& t, entity const& e);

}  // namespace dos::model
