#include "net/address.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"

namespace dos::net {
namespace {

constexpr auto mapped_prefix = std::array<std::uint8_t, 12>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

ip_address from_v4(std::uint8_t const* bytes) {
  auto a = ip_address();
  std::copy(mapped_prefix.begin(), mapped_prefix.end(), a.bytes.begin());
  std::copy_n(bytes, 4, a.bytes.begin() + 12);
  return a;
}

// IANA's registries of special-purpose addresses, as far as they are not globally reachable.
std::vector<ip_range> const& special_v4() {
  static auto const ranges =
      parse_ip_ranges({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                       "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
                       "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"});
  return ranges;
}

std::string_view without_last_dot(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

std::string_view last_label(std::string_view host) { return host.substr(host.rfind('.') + 1); }

bool is_or_is_below(std::string_view host, std::string_view domain) {
  return host == domain || (host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.');
}

bool is_number(std::string_view label) {
  if (label.starts_with("0x")) return label.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
  return !label.empty() && label.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

bool is_v4(ip_address const& a) { return std::equal(mapped_prefix.begin(), mapped_prefix.end(), a.bytes.begin()); }

std::optional<ip_address> parse_ip(std::string_view text) {
  auto const copy = std::string(text);  // inet_pton wants a terminator
  if (copy.find('\0') != std::string::npos) return std::nullopt;
  auto a = ip_address();
  std::uint8_t v4[4];
  if (inet_pton(AF_INET, copy.c_str(), v4) == 1) return from_v4(v4);
  if (inet_pton(AF_INET6, copy.c_str(), a.bytes.data()) == 1) return a;
  return std::nullopt;
}

std::string to_text(ip_address const& a) {
  char text[INET6_ADDRSTRLEN];
  if (is_v4(a)) return inet_ntop(AF_INET, a.bytes.data() + 12, text, sizeof text);
  return inet_ntop(AF_INET6, a.bytes.data(), text, sizeof text);
}

std::string shared_address(ip_address const& a) {
  if (is_v4(a)) return to_text(a);
  auto network = a;
  std::fill(network.bytes.begin() + 8, network.bytes.end(), std::uint8_t(0));
  return to_text(network) + "/64";
}

std::string shared_address(std::string_view peer) {
  auto const ip = parse_ip(peer);
  return ip ? shared_address(*ip) : std::string(peer);
}

bool is_loopback(ip_address const& a) {
  static auto const here = parse_ip_ranges({"localhost"});
  return contains(here, a);
}

std::vector<ip_address> addresses_in(std::string_view host_as_given) {
  auto const lower = text::lower(without_last_dot(host_as_given));
  if (is_or_is_below(lower, "localhost")) return {*parse_ip("127.0.0.1"), *parse_ip("::1")};
  if (auto const a = parse_ip(lower)) return {*a};
  if (!is_number(last_label(lower))) return {};
  auto v4 = in_addr();
  auto const is_address = lower.find_first_of(" \t\r\n") == std::string::npos && inet_aton(lower.c_str(), &v4) == 1;
  require(is_address, fault_kind::invalid, "the host " + lower + " ends in a number and is no address", "url");
  return {from_v4(reinterpret_cast<std::uint8_t const*>(&v4.s_addr))};
}

bool is_inside_name(std::string_view host_as_given) {
  auto const host = text::lower(without_last_dot(host_as_given));
  auto const domains = {"local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa"};
  return host.find('.') == std::string::npos ||
         std::any_of(domains.begin(), domains.end(), [&](auto const* d) { return is_or_is_below(host, d); });
}

bool ip_range::contains(ip_address const& a) const {
  auto const whole = std::size_t(bits / 8);
  if (!std::equal(a.bytes.begin(), a.bytes.begin() + whole, first.bytes.begin())) return false;
  auto const mask = 0xff00 >> (bits % 8) & 0xff;
  return bits % 8 == 0 || ((a.bytes[whole] ^ first.bytes[whole]) & mask) == 0;
}

ip_range parse_ip_range(std::string_view text) {
  auto const slash = text.find('/');
  auto const first = parse_ip(text.substr(0, slash));
  require(first.has_value(), fault_kind::malformed, "an address range like 10.0.0.0/8 or fd00::/8 is expected");
  auto const v4 = is_v4(*first) && text.substr(0, slash).find(':') == std::string_view::npos;
  auto const bits_max = v4 ? 32 : 128;
  auto const bits = slash == std::string_view::npos ? bits_max : text::to_int(text.substr(slash + 1)).value_or(-1);
  require(bits >= 0 && bits <= bits_max, fault_kind::malformed, "the length of an address range is 0 to 32 or to 128");
  return {*first, int(bits) + 128 - bits_max};
}

std::vector<ip_range> parse_ip_ranges(std::vector<std::string> const& texts) {
  auto ranges = std::vector<ip_range>();
  for (auto const& t : texts) {
    if (text::equal_ignoring_case(t, "localhost")) {
      ranges.push_back(parse_ip_range("127.0.0.0/8"));
      ranges.push_back(parse_ip_range("::1"));
    } else {
      ranges.push_back(parse_ip_range(t));
    }
  }
  return ranges;
}

bool contains(std::vector<ip_range> const& ranges, ip_address const& a) {
  return std::any_of(ranges.begin(), ranges.end(), [&](ip_range const& r) { return r.contains(a); });
}

bool is_public(ip_address const& a) {
  static auto const nat64 = parse_ip_range("64:ff9b::/96");
  static auto const global = parse_ip_range("2000::/3");
  static auto const special = parse_ip_ranges({"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"});
  if (is_v4(a)) return !contains(special_v4(), a);
  if (nat64.contains(a)) return !contains(special_v4(), from_v4(a.bytes.data() + 12));
  return global.contains(a) && !contains(special, a);
}

}  // namespace dos::net
