// Types and attributes that context sources have. ETSI GS CIM 009, 5.7.11
#pragma once

#include <functional>
#include <string>

#include "standard/ngsi_ld/federation/distributed.h"

namespace dos::ngsi_ld {

// The listing of ours, null where nothing is here, merged with those of all sources that offer the operation and may have something of that
// type or attribute (empty symbols: any). Counts are added: an entity in two places counts twice.
struct listing_request {
  source_op operation;
  std::string path;       // "/types"
  std::string name = {};  // IRI behind the path; empty: none
  bool details = false;
  symbol type = {}, attribute = {};
};
void list_everywhere(call_ptr const& c, listing_request const& what, json::value ours, std::function<void(json::value, warnings)> then);

}  // namespace dos::ngsi_ld
