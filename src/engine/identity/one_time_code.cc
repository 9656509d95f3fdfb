#include "engine/identity/one_time_code.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/fault.h"
#include "base/id.h"
#include "base/text.h"
#include "http/percent.h"

namespace dos::identity {
namespace {

constexpr std::int64_t step_us = 30 * us_per_second;
constexpr std::size_t secret_bytes = 20;

}  // namespace

std::string new_totp_secret() { return random_bytes(secret_bytes); }

std::string to_base32(std::string_view bytes) {
  constexpr auto letters = std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
  auto out = std::string();
  auto held = 0u, bits = 0u;
  for (auto const c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 5; bits -= 5) out += letters[held >> (bits - 5) & 31];
  }
  if (bits) out += letters[held << (5 - bits) & 31];
  return out;
}

std::string totp_uri(std::string_view secret, std::string_view issuer, std::string_view account) {
  auto const name = http::percent_encoded(issuer), who = http::percent_encoded(account);
  return "otpauth://totp/" + name + ':' + who + "?secret=" + to_base32(secret) + "&issuer=" + name;
}

std::string totp_code(std::string_view secret, std::int64_t step) {
  auto counter = std::string(8, '\0');
  for (auto i = 0; i < 8; ++i) counter[std::size_t(7 - i)] = char(step >> (8 * i) & 0xff);
  unsigned char digest[EVP_MAX_MD_SIZE];
  auto n = 0u;
  DOS_CHECK(HMAC(EVP_sha1(), secret.data(), int(secret.size()), reinterpret_cast<unsigned char const*>(counter.data()), counter.size(), digest, &n));
  auto const at = digest[n - 1] & 15;
  auto const word = (digest[at] & 0x7fu) << 24 | digest[at + 1] << 16u | digest[at + 2] << 8u | digest[at + 3];
  auto code = std::to_string(word % 1'000'000);
  return std::string(6 - code.size(), '0') + code;
}

std::optional<std::int64_t> accept_totp(std::string_view secret, std::string_view code, timestamp now, std::int64_t last) {
  auto const present = now.us / step_us;
  auto found = std::optional<std::int64_t>();
  for (auto step = present - 1; step <= present + 1; ++step) {
    if (text::equal_in_constant_time(totp_code(secret, step), code) && step > last) found = step;
  }
  return found;
}

}  // namespace dos::identity
