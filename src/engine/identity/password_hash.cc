#include "engine/identity/password_hash.h"

#include <argon2.h>

#include "base/fault.h"
#include "base/id.h"

namespace dos::identity {
namespace {

constexpr std::uint32_t memory_kib = 19 * 1024;
constexpr std::uint32_t passes = 2;
constexpr std::uint32_t lanes = 1;
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t hash_bytes = 32;
constexpr auto today = std::string_view("$argon2id$v=19$m=19456,t=2,p=1$");

}  // namespace

std::string hash_password(std::string_view password) {
  auto const salt = random_bytes(salt_bytes);
  auto out = std::string(argon2_encodedlen(passes, memory_kib, lanes, salt_bytes, hash_bytes, Argon2_id), '\0');
  auto const code = argon2id_hash_encoded(passes, memory_kib, lanes, password.data(), password.size(), salt.data(), salt.size(), hash_bytes,
                                          out.data(), out.size());
  require(code == ARGON2_OK, fault_kind::unavailable, "there is no memory to hash a password now");
  out.resize(out.find('\0'));
  return out;
}

bool fits_password(std::string_view hash, std::string_view password) {
  return argon2id_verify(std::string(hash).c_str(), password.data(), password.size()) == ARGON2_OK;
}

bool is_outdated(std::string_view hash) { return !hash.starts_with(today); }

}  // namespace dos::identity
