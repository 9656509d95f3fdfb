// People: accounts, organisations, signing in. docs/people.md
#pragma once

#include "contract/contract.h"

namespace dos::people {

// Sets node::who_signed_in.
offer offer_people(node& n);

}  // namespace dos::people
