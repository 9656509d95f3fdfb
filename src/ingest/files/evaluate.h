// The value that a rule makes of a record.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"
#include "ingest/files/mapping.h"
#include "ingest/files/record.h"
#include "ingest/files/wall_clock.h"

namespace dos::files {

// What a person should look at: the field and what is wrong with it.
using report = std::function<void(std::string const& field, std::string message)>;

struct evaluation {
  number_notation numbers;
  std::function<clock_answer(clock_reading const&)> to_utc;
  files::report report;
  std::size_t& bytes_left;  // that values of this record may still take
};
inline constexpr std::size_t record_bytes_max = 4 << 20;  // of all values of a record

// What stands in the field as a number: JSON's own, whatever the notation of the file says, or text in that notation.
std::optional<json::value> number_of(field const& f, number_notation notation);

// Nothing when there is no value: absent, empty, to be skipped, or not readable, which is reported.
std::optional<json::value> evaluate(value_rule const& rule, record const& r, evaluation const& e);

}  // namespace dos::files
