// What the standard is written in: names, contexts, q and the forms of entities are those of linked_data.
#pragma once

namespace dos::linked_data {}
namespace dos::ngsi_ld {
using namespace linked_data;
}
