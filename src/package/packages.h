// Packages: how measures become software without becoming code. docs/packages.md
#pragma once

#include "contract/contract.h"

namespace dos::package {

// Has to come first: what the cities' packages declare holds before anybody writes.
// Sets node::package_files_of.
offer offer_packages(node& n);

}  // namespace dos::package
