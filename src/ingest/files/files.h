// Files that are brought and addresses that are fetched become entities by declared mappings.
#pragma once

#include "contract/contract.h"

namespace dos::files {

// Mappings that come with the program lie in its packages: modules/*/mappings, measures/*/mappings.
offer offer_files(node const& n);

}  // namespace dos::files
