// Who may what, told: roles, the grants in force, and why somebody may (not) do something.
#pragma once

#include "contract/contract.h"

namespace dos::rights {

offer offer_rights(node& n);

}  // namespace dos::rights
