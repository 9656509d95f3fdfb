// Why somebody may (not) do something with an entity: the grants that decide, in words, German and English.
#pragma once

#include "base/json.h"
#include "kernel/city/session.h"

namespace dos::rights {

// {who?, verb, entity, attribute?, action?} → {allowed, because, grants: [{role, grant, decides, why}]}. Of others than
// oneself only administrators are told, and of entities that one does not see nobody. Faults: invalid, forbidden, not_found.
json::object explain(session const& s, json::value const& question, timestamp now);

// Of a type or an attribute, as people know it.
std::string word_of(symbol iri, model::registry const* r);

}  // namespace dos::rights
