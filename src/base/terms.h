// Short names and what they stand for, as a city says them by itself: in files, devices and pages, where no request names
// a context. They are read as the door of NGSI-LD reads them.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/json_ld.h"

namespace dos {

class terms {
 public:
  // The core terms of NGSI-LD alone.
  terms() : names_(core_context()) {}
  // `document`: one with "@context", or that member's value. The core terms can't be redefined. Faults: invalid for what
  // is no context, or names one by address.
  explicit terms(json::value const& document);

  // A term that is not known belongs to the default vocabulary; what has a colon is an IRI already. Faults: invalid when
  // no IRI can be called so.
  std::string iri(std::string_view term) const { return names_->expand(term); }
  // The shortest way to say it; the IRI itself when no term stands for it.
  std::string term(std::string_view iri) const { return names_->compact(iri); }
  context_ptr const& names() const { return names_; }

 private:
  context_ptr names_;
};

// Reads PATH; the core terms alone when PATH is empty. Faults: invalid or malformed, with the path.
terms load_terms(std::string const& path);

}  // namespace dos
