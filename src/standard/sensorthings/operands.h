// What the operators and functions of $filter make of values.
#pragma once

#include <compare>
#include <string_view>
#include <vector>

#include "standard/sensorthings/expression.h"

namespace dos::sensorthings {

json::value const* json_of(operand const& o);  // nothing for times, durations and places
bool is_null(operand const& o);
bool is_true(operand const& o);

operand arithmetic(operation what, operand const& a, operand const& b);
// By the rules of the parser: known, with as many arguments as it takes. Null where an argument is not what it wants.
operand call_function(std::string_view name, std::vector<operand> const& arguments);

// Less than, equal, greater or unordered; texts that are times or numbers count as such beside them.
std::partial_ordering compare(operand const& a, operand const& b);
bool holds(operation relation, operand const& a, operand const& b);
// For sorting spans, texts, numbers and truths: nothing before everything else, kinds apart.
std::strong_ordering sort(operand const& a, operand const& b);

}  // namespace dos::sensorthings
