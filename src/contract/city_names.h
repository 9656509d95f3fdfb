// What short names mean in a city: its default context, which holds wherever nobody names another. The doors of
// standards, files and devices all ask here.
#pragma once

#include <map>
#include <string>

#include "base/terms.h"
#include "contract/contract.h"

namespace dos {

// The names of all cities (node::default_context_file), read once. Faults: invalid or malformed, with the file.
class city_names {
 public:
  explicit city_names(node const& n);

  terms const& of(city const& c) const;

 private:
  std::map<std::string, terms, std::less<>> by_city_;
  terms others_;  // of a city that has no words
};

}  // namespace dos
