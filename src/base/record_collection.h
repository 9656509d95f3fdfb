// Records are documents of the platform itself, by collection and key. Each collection is declared once, by the module whose it is.
#pragma once

#include <string_view>

namespace dos {

struct record_collection {
  std::string_view name;   // in the log and on disk: it stays what it is
  std::string_view owner;  // the module that says what its records are: "kernel/city"
  std::string_view key;    // what a key is

  constexpr operator std::string_view() const { return name; }
};

}  // namespace dos
