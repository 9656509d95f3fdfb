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
std::optional<timestamp> find_time_or_day(std::string_view text);  // "2026-11-21" begins at midnight UTC

// How a value stands to a literal: numbers by value, texts by code point, false before true. A literal that is a time
// has order only to times and days, as points in time. Anything else, and values of two kinds, have no order.
std::partial_ordering compare_scalars(json::value const& value, json::value const& literal, bool folded = false);

// An array holds what one of its items holds; it also equals a literal that is the whole array.
bool holds(json::value const& v, relation r, operand const& o, bool folded);

}  // namespace dos::query
