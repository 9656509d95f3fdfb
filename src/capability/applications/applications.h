// What people do with entities of declared types: who I am, which types there are, what I may do with an entity now, doing
// it, what was done, and when a resource is free. The rules themselves are the kernel's (kernel/model, kernel/city).
#pragma once

#include "contract/contract.h"

namespace dos::applications {

offer offer_applications(node& n);

}  // namespace dos::applications
