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

namespace dos::files {

// What a person should look at: the field and what is wrong with it.
using report = std::function<void(std::string const& field, std::string message)>;

struct evaluation {
  number_notation numbers;
  std::function<timestamp(clock_reading const&)> to_utc;
  files::report report;
};

// Nothing when there is no value: absent, empty, to be skipped, or not readable, which is reported.
std::optional<json::value> evaluate(value_rule const& rule, record const& r, evaluation const& e);

}  // namespace dos::files
