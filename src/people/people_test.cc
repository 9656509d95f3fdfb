#include <gtest/gtest.h>

#include "people/account.h"
#include "people/sign_in_limits.h"
#include "people/signed_in.h"

namespace dos::people {
namespace {

timestamp at(std::string_view text) { return *parse_timestamp(text); }

TEST(a_term, begins_and_ends_at_its_moments) {
  auto const t = term{at("2026-12-01T00:00:00Z"), at("2026-12-02T00:00:00Z")};
  EXPECT_FALSE(t.holds(at("2026-11-30T23:59:59.999999Z")));
  EXPECT_TRUE(t.holds(at("2026-12-01T00:00:00Z")));
  EXPECT_TRUE(t.holds(at("2026-12-01T23:59:59.999999Z")));
  EXPECT_FALSE(t.holds(at("2026-12-02T00:00:00Z")));
}

TEST(an_account, is_read_as_it_was_written) {
  auto a = account{.id = "1", .at = account::state::active, .subject = "urn:ngsi-ld:Person:x", .role = role::editor, .recovery = {"a"}};
  a.since = at("2026-12-01T00:00:00Z");
  a.memberships.push_back({"o", {"caretaker"}, {timestamp_min, at("2026-12-02T00:00:00Z")}});
  a.covers.push_back({"2", "o", "Urlaub", {at("2026-12-01T00:00:00Z"), timestamp_max}});
  EXPECT_EQ(to_json(a), to_json(read_account(to_json(a))));
}

TEST(a_device, is_told_in_two_words) {
  EXPECT_EQ("Firefox, Linux", device_of("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"));
  EXPECT_EQ("Chromium, Android", device_of("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"));
  EXPECT_EQ("", device_of("<script>"));
}

TEST(who_guesses, waits_and_locks_nobody_out) {
  auto limits = sign_in_limits();
  auto now = at("2026-12-01T00:00:00Z");
  limits.succeeded("192.0.2.1", "ada", now);
  auto tried = 0;
  for (auto const end = now + 3600 * us_per_second; now < end; now = now + us_per_second) {
    if (limits.wait_s("198.51.100.9", "ada", now) > 0) continue;
    limits.failed("198.51.100.9", "ada", now);
    ++tried;
  }
  EXPECT_LT(tried, 150) << "of 3600";
  EXPECT_EQ(0, limits.wait_s("192.0.2.1", "ada", now));
  EXPECT_LE(limits.wait_s("203.0.113.5", "ada", now), 30);
}

TEST(who_tries_many_accounts, waits_as_an_address) {
  auto limits = sign_in_limits();
  auto now = at("2026-12-01T00:00:00Z");
  auto tried = 0;
  for (auto i = 0; i < 600; ++i, now = now + us_per_second) {
    auto const account = "a" + std::to_string(i);
    if (limits.wait_s("198.51.100.9", account, now) > 0) continue;
    limits.failed("198.51.100.9", account, now);
    ++tried;
  }
  EXPECT_LT(tried, 60);
  EXPECT_EQ(0, limits.wait_s("192.0.2.1", "a1", now));
}

}  // namespace
}  // namespace dos::people
