// Compression of response bodies. RFC 1952
#pragma once

#include <string>
#include <string_view>

namespace dos::net {

std::string gzipped(std::string_view bytes);  // fast rather than small
bool is_compressible(std::string_view content_type);

}  // namespace dos::net
