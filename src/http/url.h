// Addresses of servers: http, https, ws, wss, mqtt, mqtts. RFC 3986
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dos::http {

struct url {
  std::string scheme;      // lower case
  std::string user;        // decoded; usually empty
  std::string password;    // decoded
  std::string host;        // lower case; an IPv6 address without its brackets
  std::uint16_t port = 0;  // never 0 after parse_url: the scheme's own where none is given
  std::string path;        // not decoded; "/" where empty
  std::string query;       // not decoded, without '?'
  std::string fragment;    // not decoded, without '#'

  bool operator==(url const&) const = default;
};

// Faults: malformed (what is wrong is named; a password is never repeated), not_supported for another scheme.
url parse_url(std::string_view text);
// A reference as found in a Location header, seen from `base`. RFC 3986, 5.2
url resolve(url const& base, std::string_view reference);

std::string to_text(url const& u);         // the port only where it is not the scheme's own
std::string origin(url const& u);          // "https://example.org:8443"
std::string authority(url const& u);       // "example.org:8443", as in a Host header
std::string request_target(url const& u);  // "/path?query"
bool is_tls(url const& u);                 // https, wss, mqtts

}  // namespace dos::http
