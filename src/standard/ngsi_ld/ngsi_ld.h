// NGSI-LD (ETSI GS CIM 009, 1.8) over the kernel.
#pragma once


#include "contract/contract.h"

namespace dos::ngsi_ld {

// Configuration: contexts (URL -> file), default_context, fetch_contexts, page_max, temporal_page_max. Sets
// node.render_entity where nobody has.
offer offer_ngsi_ld(node& n);

}  // namespace dos::ngsi_ld
