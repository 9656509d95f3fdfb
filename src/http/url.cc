#include "http/url.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/fault.h"
#include "http/percent.h"
#include "http/text_map.h"

namespace dos::http {
namespace {

struct known_scheme {
  std::string_view name;
  std::uint16_t port;
  bool tls;
};
constexpr auto known_schemes = std::array{
    known_scheme{"http", 80, false}, known_scheme{"https", 443, true},  known_scheme{"ws", 80, false},
    known_scheme{"wss", 443, true},  known_scheme{"mqtt", 1883, false}, known_scheme{"mqtts", 8883, true},
};

known_scheme const* find_scheme(std::string_view name) {
  auto const it = std::find_if(known_schemes.begin(), known_schemes.end(), [&](auto& s) { return s.name == name; });
  return it == known_schemes.end() ? nullptr : &*it;
}

bool is_host_character(char c, bool in_brackets) {
  auto const alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  return alphanumeric || c == '.' || (in_brackets ? c == ':' : c == '-' || c == '_');
}

// host, [v6], either with :port
void set_host_and_port(url& u, std::string_view text) {
  auto const bracketed = text.starts_with('[');
  auto const host_end = bracketed ? text.find(']') : text.find(':');
  require(!bracketed || host_end != std::string_view::npos, fault_kind::malformed, "a ']' is missing in the URL");
  u.host = text::lower(bracketed ? text.substr(1, host_end - 1) : text.substr(0, host_end));
  require(!u.host.empty(), fault_kind::malformed, "the URL names no host");
  require(u.host.size() <= 255, fault_kind::malformed, "the host name in the URL is too long");
  require(std::all_of(u.host.begin(), u.host.end(), [&](char c) { return is_host_character(c, bracketed); }),
          fault_kind::malformed, "the host name in the URL has a character that host names do not have");
  auto port = host_end == std::string_view::npos ? std::string_view() : text.substr(host_end + (bracketed ? 1 : 0));
  if (port.empty()) return;
  require(port.starts_with(':'), fault_kind::malformed, "a port is expected after the host of the URL");
  port.remove_prefix(1);
  if (port.empty()) return;  // "host:" means the usual port
  auto const [end, error] = std::from_chars(port.data(), port.data() + port.size(), u.port);
  require(error == std::errc() && end == port.data() + port.size() && u.port != 0, fault_kind::malformed,
          "the port in the URL must be a number from 1 to 65535");
}

void set_path(url& u, std::string_view rest) {
  auto const hash = rest.find('#');
  if (hash != std::string_view::npos) u.fragment = rest.substr(hash + 1);
  rest = rest.substr(0, hash);
  auto const question = rest.find('?');
  if (question != std::string_view::npos) u.query = rest.substr(question + 1);
  u.path = rest.substr(0, question);
  if (u.path.empty()) u.path = "/";
}

// RFC 3986, 5.2.4
std::string without_dot_segments(std::string_view path) {
  auto result = std::string();
  auto trailing_slash = false;
  while (!path.empty()) {
    path.remove_prefix(1);
    auto const slash = path.find('/');
    auto const piece = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
    trailing_slash = piece == "." || piece == "..";
    if (piece == "..") {
      result.erase(std::min(result.rfind('/'), result.size()));
    } else if (piece != ".") {
      result += '/';
      result += piece;
    }
  }
  if (trailing_slash || result.empty()) result += '/';
  return result;
}

std::string bracketed_host(url const& u) { return u.host.find(':') == std::string::npos ? u.host : '[' + u.host + ']'; }

}  // namespace

url parse_url(std::string_view text) {
  // Whoever forgets to encode a space or a line break must not smuggle a second header or request line into ours.
  require(std::none_of(text.begin(), text.end(), [](unsigned char c) { return c <= 0x20 || c >= 0x7f; }),
          fault_kind::malformed, "the URL contains a space, a control character or a letter that must be encoded");
  auto const colon = text.find("://");
  require(colon != std::string_view::npos, fault_kind::malformed, "a URL like https://example.org/path is expected");
  auto u = url();
  u.scheme = text::lower(text.substr(0, colon));
  auto const scheme = find_scheme(u.scheme);
  require(scheme, fault_kind::not_supported, "the URL must start with http, https, ws, wss, mqtt or mqtts");
  u.port = scheme->port;
  text.remove_prefix(colon + 3);
  auto const path_start = std::min(text.find_first_of("/?#"), text.size());
  auto authority = text.substr(0, path_start);
  if (auto const at = authority.rfind('@'); at != std::string_view::npos) {
    auto const login = authority.substr(0, at);
    auto const separator = login.find(':');
    u.user = percent_decoded(login.substr(0, separator));
    if (separator != std::string_view::npos) u.password = percent_decoded(login.substr(separator + 1));
    authority.remove_prefix(at + 1);
  }
  set_host_and_port(u, authority);
  set_path(u, text.substr(path_start));
  return u;
}

url resolve(url const& base, std::string_view reference) {
  auto const slashes = reference.find("://");
  if (slashes != std::string_view::npos && slashes < reference.find_first_of("/?#")) return parse_url(reference);
  if (reference.starts_with("//")) return parse_url(base.scheme + ':' + std::string(reference));
  auto u = base;
  u.fragment.clear();
  if (reference.empty()) return u;
  if (reference.starts_with('#')) {
    u.fragment = reference.substr(1);
    return u;
  }
  u.query.clear();
  if (reference.starts_with('?')) {
    set_path(u, base.path + std::string(reference));
  } else {
    set_path(u, reference.starts_with('/') ? std::string(reference)
                                           : base.path.substr(0, base.path.rfind('/') + 1) + std::string(reference));
    u.path = without_dot_segments(u.path);
  }
  return parse_url(to_text(u));  // the same checks as for a whole URL
}

std::string authority(url const& u) {
  auto const scheme = find_scheme(u.scheme);
  auto result = bracketed_host(u);
  if (!scheme || u.port != scheme->port) result += ':' + std::to_string(u.port);
  return result;
}

std::string origin(url const& u) { return u.scheme + "://" + authority(u); }

std::string request_target(url const& u) { return u.query.empty() ? u.path : u.path + '?' + u.query; }

std::string to_text(url const& u) {
  auto result = u.scheme + "://";
  if (!u.user.empty() || !u.password.empty()) {
    result += percent_encoded(u.user);
    if (!u.password.empty()) result += ':' + percent_encoded(u.password);
    result += '@';
  }
  result += authority(u) + request_target(u);
  if (!u.fragment.empty()) result += '#' + u.fragment;
  return result;
}

bool is_tls(url const& u) {
  auto const scheme = find_scheme(u.scheme);
  return scheme && scheme->tls;
}

}  // namespace dos::http
