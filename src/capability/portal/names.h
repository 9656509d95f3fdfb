// Names as pages show them.
#pragma once

#include <string_view>

namespace dos::portal {

// The last part of an IRI.
inline std::string_view short_name(std::string_view iri) {
  auto const at = iri.find_last_of("/#:");
  return at == iri.npos ? iri : iri.substr(at + 1);
}

}  // namespace dos::portal
