// The head of a response as bytes.
#pragma once

#include <optional>
#include <string>

#include "http/response.h"

namespace dos::net {

struct head_facts {
  std::string_view date;
  std::optional<std::size_t> content_length = {};  // of the body that is or, for HEAD, would be sent
  bool chunked = false;
  bool close = false;
  bool upgrade = false;
  bool keep_alive = false;  // said only to HTTP/1.0 clients
};

// Line breaks within header values become spaces, so that no value can end the head. Headers that are the server's
// business (Content-Length …) are left out.
void write_head(std::string& out, http::response const& r, head_facts const& facts);

}  // namespace dos::net
