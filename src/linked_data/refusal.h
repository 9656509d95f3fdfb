// How this module refuses: every fault names the member that is wrong and the clause that says so. ETSI GS CIM 009, 5.5.2 and 5.5.3
#pragma once

#include <string>
#include <string_view>

#include "base/fault.h"

namespace dos::linked_data {

inline constexpr std::string_view whole_body = "body";  // the member that is wrong when it is all of it

// Fault invalid. The clause is one of ETSI GS CIM 009: "4.6.3".
[[noreturn]] void refuse(std::string detail, std::string_view member, std::string_view clause);
std::string inside(std::string_view path, std::string_view member);  // "address.street"

// What floors below refuse knows neither parameters nor clauses: it is said of `member`, by `clause` unless it has one.
fault said_of(fault f, std::string_view member, std::string_view clause);

template <typename Read>
auto read_as(std::string_view member, std::string_view clause, Read read) -> decltype(read()) {
  try {
    return read();
  } catch (fault& f) {
    throw said_of(std::move(f), member, clause);
  }
}

// The members that are refused stand inside another one: "georel" in "geoQ".
template <typename Read>
auto read_within(std::string_view path, Read read) -> decltype(read()) {
  try {
    return read();
  } catch (fault& f) {
    f.member = inside(path, f.member);
    throw;
  }
}

}  // namespace dos::linked_data
