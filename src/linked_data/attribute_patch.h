// What a fragment does to an attribute that is stored.
#pragma once

#include "kernel/graph/entity.h"
#include "linked_data/fragment.h"

namespace dos::linked_data {

// The members given replace those there, the rest stays. Nothing: the fragment removes the instance.
// ETSI GS CIM 009, 5.6.4
attribute_ptr updated(attribute const& old, attribute_fragment f);
// Like a JSON merge patch, into values and sub-attributes. ETSI GS CIM 009, 5.5.12 and 5.6.17
attribute_ptr merged(attribute const& old, attribute_fragment f);
attribute_ptr merged_into_nothing(attribute_fragment f);

}  // namespace dos::linked_data
