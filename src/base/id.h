// Identifiers and chance.
#pragma once

#include <string>
#include <string_view>

namespace dos {

std::string random_bytes(std::size_t n);  // cryptographically strong
std::string new_uuid();                   // version 4
std::string new_secret();                 // 256 bits, base64url
std::string sha256(std::string_view bytes);       // 32 raw bytes

// "scheme:rest" without blanks, control and invisible characters: enough to be an NGSI-LD id (a URI, RFC 3986, or IRI).
bool is_uri(std::string_view s);

}  // namespace dos
