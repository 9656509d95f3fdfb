// An entity as the JSON Schema of its model describes it: {id, type, term: value, …}.
#pragma once

#include <string>

#include "base/terms.h"
#include "kernel/graph/entity.h"
#include "kernel/model/registry.h"

namespace dos::applications {

json::object plain_form(entity const& e, model::registry const* models, terms const& words);
json::value plain_value(attribute const& a);
// How the model, or else the city, calls an attribute.
std::string term_of(symbol attribute, model::type const* t, terms const& words);
std::string etag_of(entity const& seen);

}  // namespace dos::applications
