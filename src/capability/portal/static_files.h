// The built web pages, precompressed, from the resources of the program.
#pragma once

#include "contract/contract.h"

namespace dos::portal {

void offer_static_files(node const& n, offer& o);

}  // namespace dos::portal
