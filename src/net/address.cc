#include "net/address.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"

namespace dos::net {
namespace {

constexpr auto mapped_prefix = std::array<std::uint8_t, 12>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_v4(ip_address const& a) { return std::equal(mapped_prefix.begin(), mapped_prefix.end(), a.bytes.begin()); }

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

}  // namespace

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
  std::transform(texts.begin(), texts.end(), std::back_inserter(ranges), [](auto& t) { return parse_ip_range(t); });
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
