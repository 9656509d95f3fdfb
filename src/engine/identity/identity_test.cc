#include <gtest/gtest.h>

#include "engine/identity/leaked_passwords.h"
#include "engine/identity/one_time_code.h"
#include "engine/identity/password_hash.h"

namespace dos::identity {
namespace {

TEST(a_password, fits_its_hash_alone) {
  auto const hash = hash_password("ein langer Satz");
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_TRUE(fits_password(hash, "ein langer Satz"));
  EXPECT_FALSE(fits_password(hash, "ein langer Satz "));
  EXPECT_FALSE(fits_password("no hash", "x"));
  EXPECT_FALSE(fits_password("", ""));
  EXPECT_NE(hash, hash_password("ein langer Satz"));
  EXPECT_FALSE(is_outdated(hash));
  EXPECT_TRUE(is_outdated("$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$AAAA"));
}

TEST(a_leaked_password, is_known_however_it_is_dressed) {
  auto const list = leaked_passwords("password\nqwertz\nabc\ndortmund\n");
  for (auto const* const bad : {"password", "PassWord", "password2026!", "123password", "Dortmund09!!!", "abcabcabcabc", "aaaaaaaaaaaa"}) {
    EXPECT_TRUE(list.has(bad)) << bad;
  }
  for (auto const* const good : {"correct horse battery", "passwords are bad", "vier rote Kühe"}) EXPECT_FALSE(list.has(good)) << good;
}

TEST(a_one_time_code, is_the_one_of_the_standard) {
  auto const secret = std::string("12345678901234567890");  // RFC 6238, appendix B, last six digits
  EXPECT_EQ("287082", totp_code(secret, 59 / 30));
  EXPECT_EQ("081804", totp_code(secret, 1111111109 / 30));
  EXPECT_EQ("005924", totp_code(secret, 1234567890 / 30));
  EXPECT_EQ("353130", totp_code(secret, 20000000000 / 30));
  EXPECT_EQ("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", to_base32(secret));
}

TEST(a_one_time_code, opens_once_and_only_around_its_time) {
  auto const secret = new_totp_secret();
  auto const now = timestamp{1'796'000'000 * us_per_second};
  auto const step = now.us / (30 * us_per_second);
  EXPECT_EQ(step, accept_totp(secret, totp_code(secret, step), now, 0));
  EXPECT_EQ(step - 1, accept_totp(secret, totp_code(secret, step - 1), now, 0));
  EXPECT_FALSE(accept_totp(secret, totp_code(secret, step), now, step));
  EXPECT_FALSE(accept_totp(secret, totp_code(secret, step - 3), now, 0));
  EXPECT_FALSE(accept_totp(secret, "", now, 0));
}

}  // namespace
}  // namespace dos::identity
