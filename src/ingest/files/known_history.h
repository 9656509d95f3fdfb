// What the city's history knows of the values that a file brings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/terms.h"
#include "ingest/files/draft_reader.h"
#include "kernel/city/session.h"

namespace dos::files {

// Not for several threads.
class known_history {
 public:
  // `words` has to live as long.
  known_history(session s, terms const& words) : session_(std::move(s)), words_(words) {}

  struct known_value {
    std::uint64_t series = 0;
    std::uint64_t number = 0;
    bool is_equal = false;  // else another value of that moment
  };
  // What is stored of the attribute's moment: an equal value before others.
  std::optional<known_value> find(std::string const& id, attribute_draft const& a);
  timestamp last_observed(std::string const& id);  // of any attribute; no_time: never
  void forget() { series_.clear(); }               // more has been written since

  symbol name_of(std::string const& term);
  // For hours that exist twice.
  stored_past as_past(timestamp now);

 private:
  struct known_series {
    std::uint64_t id = 0;
    timestamp last = no_time;
  };
  using series_by_name = std::unordered_map<symbol, known_series>;
  static constexpr std::size_t entities_max = 10'000;

  series_by_name const& series_of(std::string const& id);

  session session_;
  terms const& words_;
  std::unordered_map<std::string, series_by_name> series_;
  std::unordered_map<std::string, symbol> names_;
};

}  // namespace dos::files
