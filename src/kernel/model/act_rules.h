// What a declared action asks of the moment: the state it is done from, who does it, when. Fields aside.
#pragma once

#include <optional>

#include "base/fault.h"
#include "kernel/model/policy.h"

namespace dos::model {

// `by` is itself the right to an action: a role one has, or an attribute that names who asks.
bool is_named(type const& t, action const& a, entity const& e, principal const& who);
// Whether an action is theirs to do at all, on such an entity: by `by`, or by a grant.
bool is_theirs(writer const& w, type const& t, action const& a, entity const& e);
// Why an action cannot be begun now, whoever does it; nothing: it can. Fault: conflict.
std::optional<fault> hindrance(writer const& w, type const& t, action const& a, entity const& e);

}  // namespace dos::model
