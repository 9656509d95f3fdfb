// How the names of a question become symbols.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/json_ld.h"
#include "kernel/graph/entity.h"

namespace dos::linked_data {

// What is asked once must not grow the table of names; what stays (a subscription) must know
// names that only come later.
struct naming {
  context const& names;
  bool for_ever = false;
  json::object* used = nullptr;  // collects every name with its IRI: a context that is enough to read the query again

  symbol operator()(std::string_view name) const {
    note(name);
    return for_ever ? names.expand_to_symbol(name) : names.find_symbol(name);
  }
  std::string expand(std::string_view name) const {
    note(name);
    return names.expand(name);
  }

 private:
  void note(std::string_view name) const {
    if (used != nullptr && name.find(':') == std::string_view::npos) (*used)[name] = names.expand(name);
  }
};

}  // namespace dos::linked_data
