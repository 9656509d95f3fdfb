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
  auto const claims = json::object({{"id", t.id},
                                    {"parent", t.parent},
                                    {"city", t.city},
                                    {"role", to_text(t.role)},
                                    {"name", t.name},
                                    {"iat", t.issued_at.us},
                                    {"exp", t.expires_at.us}});
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
  if (now >= t.expires_at) return std::nullopt;
  return t;
}

}  // namespace dos
