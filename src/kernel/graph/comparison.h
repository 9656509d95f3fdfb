// How a stored value stands to what a query asks for (ETSI GS CIM 009, 4.9). For this module only.
#pragma once

#include <compare>
#include <optional>

#include "base/json.h"
#include "base/time.h"
#include "kernel/graph/query.h"

namespace dos::query {

// Nothing when the text cannot be a date and time with zone; cheap for other texts.
std::optional<timestamp> find_time(std::string_view text);

// Numbers by value; texts as points in time when both are, else by code point; false before true. Anything else, and
// values of two kinds, have no order.
std::partial_ordering compare_scalars(json::value const& a, json::value const& b, bool folded = false);

// An array holds what one of its items holds; it also equals a literal that is the whole array.
bool holds(json::value const& v, relation r, operand const& o, bool folded);

}  // namespace dos::query
