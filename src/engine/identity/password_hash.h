// Passwords as they are kept: Argon2id (RFC 9106) in PHC's form "$argon2id$v=19$m=…,t=…,p=…$SALT$HASH".
#pragma once

#include <string>
#include <string_view>

namespace dos::identity {

// 19 MiB, two passes, one lane: about 20 ms of one core.
std::string hash_password(std::string_view password);
// Of any parameters; false for what is no hash. In a time that depends on the hash alone.
bool fits_password(std::string_view hash, std::string_view password);
// Made with other parameters than today's: to be made anew at the next sign-in.
bool is_outdated(std::string_view hash);

}  // namespace dos::identity
