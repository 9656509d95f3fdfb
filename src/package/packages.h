// Packages: how measures become software without becoming code. docs/packages.md
#pragma once

#include "contract/contract.h"

namespace dos::package {

// Has to come first: what the cities' packages declare holds before anybody writes.
offer offer_packages(node const& n);

}  // namespace dos::package
