// Which tokens there are: made here or by the command line, listed and revoked by administrators.
#pragma once

#include "app/data_directory.h"

namespace dos::app {

// GET, POST {name, role, days} and DELETE …/{id} of /{city}/platform/v1/tokens. A token for all cities that is revoked in
// one of them ends in all.
offer offer_tokens(node const& n, data_directory const& data, std::string token_key);

// In every city of the node; all copies, and all sessions that were begun with it. After `until`, when it ends by itself,
// nobody remembers that.
void revoke_everywhere(node const& n, data_directory const& data, std::string const& id, timestamp until);

}  // namespace dos::app
