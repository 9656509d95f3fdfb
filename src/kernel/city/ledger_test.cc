#include "kernel/city/ledger.h"

#include <gtest/gtest.h>

namespace dos {
namespace {

constexpr std::int64_t hour_us = 3'600 * us_per_second;
constexpr auto noon = timestamp{1'700'000'000'000'000 / hour_us * hour_us};

TEST(the_ledger, forgets_hours_that_are_more_than_its_days_back_and_tells_the_checkpoint) {
  auto l = ledger();
  l.add(noon, "http", tally::received, "", 3);
  l.take_changed();
  l.add(noon + (ledger_days_max * 24 + 1) * hour_us, "http", tally::received, "", 1);
  auto const changed = l.take_changed();
  ASSERT_EQ(2u, changed.size());
  EXPECT_EQ(noon.us, changed[0].hour.us);
  EXPECT_EQ(0u, changed[0].n);
  EXPECT_EQ(1u, changed[1].n);
  EXPECT_TRUE(l.lines(noon, noon + hour_us).empty());
}

TEST(the_ledger, counts_what_comes_under_ever_new_names_together) {
  auto l = ledger();
  for (auto i = std::size_t(0); i < 2 * ledger_lines_max; ++i) l.add(noon, "source " + std::to_string(i), tally::rejected, "because", 1);
  auto const lines = l.lines(noon, noon + hour_us);
  EXPECT_LE(lines.size(), ledger_lines_max + 1);
  auto other = std::uint64_t(0), all = std::uint64_t(0);
  for (auto const& one : lines) {
    all += one.n;
    if (one.source == "other") other += one.n;
  }
  EXPECT_EQ(2 * ledger_lines_max, all);
  EXPECT_EQ(ledger_lines_max, other);
  l.add(noon, "source 5", tally::rejected, "because", 1);
  EXPECT_EQ(2 * ledger_lines_max + 1, all + 1);
}

}  // namespace
}  // namespace dos
