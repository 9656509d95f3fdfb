// Browsers sign in with a one-time link or a token and keep a session in a cookie that scripts cannot read.
#pragma once

#include "app/data_directory.h"
#include "app/edge.h"

namespace dos::app {

// GET, POST {code} and DELETE /platform/v1/session; `code` may be a token.
offer offer_sign_in(node const& n, edge const& e, data_directory const& data, std::string token_key);

}  // namespace dos::app
