// What the names of several packages stand for, together with the city's: a term never means two things.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/terms.h"
#include "package/compile.h"

namespace dos::package {

class names {
 public:
  // Adds to `wrong` where a package means something else by a term than the city or another package.
  names(std::vector<member_package> const& packages, surroundings const& around, std::map<std::string, problems>& wrong);

  std::string iri(std::string_view term);  // remembered
  symbol name(std::string_view term) { return symbol(iri(term)); }
  // Somebody says what it stands for, or it is an IRI: not just any word.
  bool is_known(std::string_view term) const;
  context const& all() const { return *terms_.names(); }
  std::map<std::string, std::string> const& used() const { return used_; }

 private:
  terms terms_;
  std::map<std::string, std::string> used_;
};

}  // namespace dos::package
