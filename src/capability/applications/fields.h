// What a person fills in, held against the model before the write: all that is wrong at once, where the guard names the first.
#pragma once

#include <vector>

#include "base/fault.h"
#include "base/json.h"
#include "contract/contract.h"
#include "kernel/model/type.h"

namespace dos::applications {

model::attribute_rule const* find_rule(model::type const& t, std::string_view term);

// Of an action.
std::vector<fault> wrong_fields(model::type const& t, model::action const& a, json::object const& fields, entity const& of);
// Of a new entity.
std::vector<fault> wrong_fields(model::type const& t, json::object const& fields);

// A new one of that type, with an id of its own. Faults: invalid.
entity made_of(model::type const& t, json::object const& fields);

}  // namespace dos::applications
