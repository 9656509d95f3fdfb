// What is wrong with a package, for the person who can mend it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/json.h"

namespace dos::package {

inline constexpr std::size_t problems_max = 100;

struct problem {
  std::string file;      // "models/booking.yaml"; empty: the package as a whole
  std::size_t line = 0;  // from 1; 0: unknown
  std::string member;    // "attributes.startsAt.is"
  std::string text;

  bool operator==(problem const&) const = default;
};
using problems = std::vector<problem>;

// "measures/x/models/y.yaml:12: attributes.foo.is: …"; `home` stands before the file: "measures/x".
std::string to_text(problem const& p, std::string_view home = {});
json::array to_json(problems const& all);

}  // namespace dos::package
