#include "kernel/access/token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/fault.h"
#include "base/json.h"
#include "base/text.h"

namespace dos {
namespace {

std::string signature(std::string_view signed_text, std::string_view key) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  auto size = 0u;
  DOS_CHECK(HMAC(EVP_sha256(), key.data(), int(key.size()), reinterpret_cast<unsigned char const*>(signed_text.data()),
                 signed_text.size(), digest, &size));
  return text::to_base64url({reinterpret_cast<char const*>(digest), size});
}

}  // namespace

std::string sign(token const& t, std::string_view key) {
  auto claims = json::object({{"id", t.id},
                              {"parent", t.parent},
                              {"city", t.city},
                              {"role", to_text(t.role)},
                              {"name", t.name},
                              {"iat", t.issued_at.us},
                              {"exp", t.expires_at.us}});
  if (!t.brings.empty()) claims.push("brings", json::array(t.brings.begin(), t.brings.end()));
  if (!t.subject.empty()) claims.push("subject", t.subject);
  if (!t.organisations.empty()) claims.push("organisations", json::array(t.organisations.begin(), t.organisations.end()));
  if (!t.roles.empty()) claims.push("roles", json::array(t.roles.begin(), t.roles.end()));
  auto const body = std::string(token_prefix) + text::to_base64url(json::to_string(claims));
  return body + '.' + signature(body, key);
}

std::optional<token> verify(std::string_view text, std::string_view key, timestamp now) {
  auto const dot = text.rfind('.');
  if (!text.starts_with(token_prefix) || dot == text.npos || dot < token_prefix.size()) return std::nullopt;
  if (!text::equal_in_constant_time(text.substr(dot + 1), signature(text.substr(0, dot), key))) return std::nullopt;
  auto const body = text::from_base64(text.substr(token_prefix.size(), dot - token_prefix.size()));
  if (!body) return std::nullopt;
  auto const claims = json::parse(*body);  // signed by us: well formed
  auto t = token();
  t.id = claims.text_or("id", {});
  t.parent = claims.text_or("parent", {});
  t.city = claims.text_or("city", {});
  t.role = parse_role(claims.text_or("role", {}));
  t.name = claims.text_or("name", {});
  t.issued_at = {claims.find("iat")->as_int()};
  t.expires_at = {claims.find("exp")->as_int()};
  t.brings = read_brings(claims.find("brings"), t.role);
  t.subject = claims.text_or("subject", {});
  t.organisations = read_names(claims.find("organisations"), "organisations");
  t.roles = read_names(claims.find("roles"), "roles");
  if (now >= t.expires_at) return std::nullopt;
  return t;
}

std::vector<std::string> read_names(json::value const* list, std::string_view member) {
  constexpr std::size_t entries_max = 100, bytes_max = 256;
  auto out = std::vector<std::string>();
  if (list == nullptr) return out;
  require(list->is_array() && list->as_array().size() <= entries_max, fault_kind::invalid,
          std::string(member) + " is a list of at most 100 texts", std::string(member));
  for (auto const& one : list->as_array()) {
    require(one.is_string() && !one.as_string().empty() && one.as_string().size() <= bytes_max, fault_kind::invalid,
            "a text in " + std::string(member) + " has 1 to 256 bytes", std::string(member));
    out.emplace_back(one.as_string());
  }
  return out;
}

std::vector<std::string> read_brings(json::value const* list, dos::role role) {
  require(list == nullptr || role == role::device, fault_kind::invalid, "only the token of a device says what it brings", "brings");
  return read_names(list, "brings");
}

principal to_principal(token const& t, std::string const& door) {
  auto who = principal{.name = t.name,
                       .role = t.role,
                       .source = door + '/' + t.id,
                       .tokens = {t.id},
                       .until = t.expires_at,
                       .city = t.city,
                       .brings = t.brings,
                       .subject = t.subject,
                       .organisations = t.organisations,
                       .roles = t.roles};
  if (!t.parent.empty()) who.tokens.push_back(t.parent);
  return who;
}

}  // namespace dos
