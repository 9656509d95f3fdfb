// Short names and what they stand for: a JSON-LD context of plain terms, as the city's default context is.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "base/json.h"

namespace dos {

class terms {
 public:
  // The core terms of NGSI-LD alone.
  terms();
  // `context`: a document with "@context", or that object itself. Entries that are text or {"@id": text} count,
  // prefixes
  // ("schema:name") are resolved; anything else is left to a JSON-LD processor. The core terms can't be redefined.
  explicit terms(json::value const& context);

  // A term that is not known belongs to the default vocabulary; what has a colon is an IRI already.
  std::string iri(std::string_view term) const;
  // The shortest way to say it; the IRI itself when no term stands for it.
  std::string term(std::string_view iri) const;

 private:
  void add(std::string_view term, std::string_view iri);

  std::unordered_map<std::string, std::string> iris_;
  std::unordered_map<std::string, std::string> terms_;
};

// Reads PATH; the core terms alone when there is no such file. Faults: malformed, with the path.
terms load_terms(std::string const& path);

}  // namespace dos
