// The register of measures: what the strategy says of each, and how far it is here; never more than is true.
#pragma once

#include "package/package_api.h"

namespace dos::package {

// GET /measures?city=&field=&kind=&state= → {items, total, counts}
struct list_measures {
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with_;
};
struct get_measure {  // GET /measures/{id}: all that its measure.yaml says
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with_;
};

// none, demonstrable, ready, running. What is claimed counts as far as it can be seen: without stories there is nothing to
// show; ready needs the package to be active in the city; running needs entities of its types, and somebody who answers.
std::string_view true_state(bundle const& b, std::string_view claimed, city const& c, bool is_active);

}  // namespace dos::package
