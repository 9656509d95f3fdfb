#include "http/percent.h"

#include "base/fault.h"
#include "base/text.h"

namespace dos::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::string decoded(std::string_view text, bool plus_is_space) {
  auto result = std::string();
  result.reserve(text.size());
  for (auto i = std::size_t{0}; i < text.size(); ++i) {
    auto c = text[i];
    if (c == '%') {
      auto const high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
      auto const low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      require(high >= 0 && low >= 0, fault_kind::malformed,
              "two hexadecimal digits are expected after '%' (a percent sign itself is written %25)");
      c = char(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    require(c != '\0', fault_kind::malformed, "the address contains a NUL character");
    result += c;
  }
  require(text::is_utf8(result), fault_kind::malformed, "the address is not UTF-8");
  return result;
}

}  // namespace

std::string percent_decoded(std::string_view text) { return decoded(text, false); }

std::string percent_encoded(std::string_view text) {
  constexpr auto digits = "0123456789ABCDEF";
  auto result = std::string();
  result.reserve(text.size());
  for (auto const c : text) {
    if (is_unreserved(c)) {
      result += c;
    } else {
      result += '%';
      result += digits[static_cast<unsigned char>(c) >> 4];
      result += digits[static_cast<unsigned char>(c) & 15];
    }
  }
  return result;
}

query_map parse_query(std::string_view raw) {
  auto result = query_map();
  while (!raw.empty()) {
    auto const end = raw.find('&');
    auto const piece = raw.substr(0, end);
    raw = end == std::string_view::npos ? std::string_view() : raw.substr(end + 1);
    if (piece.empty()) continue;
    auto const equals = piece.find('=');
    result.add(decoded(piece.substr(0, equals), true),
               equals == std::string_view::npos ? std::string() : decoded(piece.substr(equals + 1), true));
  }
  return result;
}

std::string to_query(query_map const& q) {
  auto result = std::string();
  for (auto const& [name, text] : q) {
    if (!result.empty()) result += '&';
    result += percent_encoded(name) + '=' + percent_encoded(text);
  }
  return result;
}

}  // namespace dos::http
