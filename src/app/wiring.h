// The one list of everything that runs.
#pragma once

#include <vector>

#include "contract/contract.h"

namespace dos::app {

std::vector<offer> offers(node& n);

}  // namespace dos::app
