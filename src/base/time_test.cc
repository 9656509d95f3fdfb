#include "base/time.h"

#include <gtest/gtest.h>

#include <random>

namespace dos {
namespace {

TEST(a_time, is_written_as_short_as_it_can_be_read_again) {
  for (auto const* text : {"2026-11-21T20:27:08Z", "2026-11-21T20:27:08.250Z", "2026-11-21T20:27:08.000001Z", "1969-12-31T23:59:59.999999Z",
                           "2024-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"}) {
    EXPECT_EQ(to_string(*parse_timestamp(text)), text);
  }
  EXPECT_EQ(to_string(timestamp_max + 1), "10000-01-01T00:00:00Z");
}

TEST(a_time, comes_back_from_its_text) {
  auto random = std::mt19937_64(3);
  for (auto i = 0; i < 10'000; ++i) {
    auto const t = timestamp{std::uniform_int_distribution<std::int64_t>(timestamp_min.us, timestamp_max.us)(random)};
    EXPECT_EQ(parse_timestamp(to_string(t)), t);
  }
}

}  // namespace
}  // namespace dos
