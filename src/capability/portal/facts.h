// What every page is told of the cities.
#pragma once

#include "base/json.h"
#include "contract/contract.h"

namespace dos::portal {

json::object city_facts(node const& n);  // {cities, demo, version}

}  // namespace dos::portal
