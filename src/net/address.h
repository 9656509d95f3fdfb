// Addresses of the Internet Protocol, ranges of them, and which ones the world can reach.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dos::net {

// An IPv4 address is kept as its mapped form ::ffff:a.b.c.d, so that the two ways to write it are one.
struct ip_address {
  std::array<std::uint8_t, 16> bytes{};

  bool operator==(ip_address const&) const = default;
};

std::optional<ip_address> parse_ip(std::string_view text);  // without port, brackets or zone
std::string to_text(ip_address const& a);                   // "192.0.2.1", "2001:db8::1"
bool is_v4(ip_address const& a);
bool is_loopback(ip_address const& a);                      // 127.0.0.0/8, ::1
// Who is one address where something is counted or shared: an IPv6 network of 64 bits is one household, whatever addresses
// it takes: "2001:db8:1:2::/64". Others, and what is no address: as they are.
std::string shared_address(ip_address const& a);
std::string shared_address(std::string_view peer);

// What the host of a URL says without anybody being asked: addresses in every form that system libraries and browsers
// read ("127.0.0.1", "127.1", "0x7f.1", "2130706433", "::1"), and `localhost` with all names below it (RFC 6761, 6.3).
// Empty: a name, which the DNS may know. Fault invalid for what ends in a number and is no address: whoever is asked
// for it could take it for one.
std::vector<ip_address> addresses_in(std::string_view host);
// A name that only a network of its own can mean: without a dot, or below a domain that is kept for that ("local",
// "internal", "home.arpa" …; RFC 6762, RFC 8375, RFC 9476, ICANN).
bool is_inside_name(std::string_view host);

struct ip_range {
  ip_address first;
  int bits = 128;  // of the mapped form

  bool contains(ip_address const& a) const;
};

// "10.0.0.0/8", "fd00::/8", "192.0.2.7". Faults: malformed.
ip_range parse_ip_range(std::string_view text);
// Among several, "localhost" is the addresses of this machine.
std::vector<ip_range> parse_ip_ranges(std::vector<std::string> const& texts);
bool contains(std::vector<ip_range> const& ranges, ip_address const& a);

// False for loopback, private, link-local, shared, multicast, documentation, reserved and unspecified addresses, also
// where they are wrapped into IPv6 (mapped, 6to4, Teredo, NAT64). RFC 6890
bool is_public(ip_address const& a);

}  // namespace dos::net
