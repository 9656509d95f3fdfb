// Codes of authenticator apps: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds, as every app knows it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace dos::identity {

std::string new_totp_secret();  // 160 random bits
std::string to_base32(std::string_view bytes);  // RFC 4648, section 6, without padding
// "otpauth://totp/…", for a QR code.
std::string totp_uri(std::string_view secret, std::string_view issuer, std::string_view account);
std::string totp_code(std::string_view secret, std::int64_t step);  // RFC 4226, 5.3
// The step that a code is of: now's, or the one before or behind; nothing when it is of none, or not later than `last`,
// the one that was used before: each code opens once.
std::optional<std::int64_t> accept_totp(std::string_view secret, std::string_view code, timestamp now, std::int64_t last);

}  // namespace dos::identity
