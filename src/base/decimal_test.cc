#include "base/decimal.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/units.h"

namespace dos {
namespace {

TEST(decimals, are_scaled_as_on_paper) {
  EXPECT_EQ(0.57, scaled(57, 0.01, 0));
  EXPECT_EQ(0.07, scaled(7, 0.01, 0));
  EXPECT_EQ(1.1, scaled(11, 0.1, 0));
  EXPECT_EQ(2.3, scaled(3, 0.1, 2));
  EXPECT_EQ(-0.57, scaled(-57, 0.01, 0));
  EXPECT_EQ(0.3, scaled(0.1, 1, 0.2));
  EXPECT_EQ(0, scaled(0, 0.01, 0));
  EXPECT_EQ(57e300, scaled(57, 1e300, 0));
}

TEST(decimals, where_there_are_none_binary_numbers_do) {
  EXPECT_EQ(10 * (1.0 / 3), scaled(10, 1.0 / 3, 0));
  EXPECT_EQ(1e300, scaled(1e300, 1, 1));
  EXPECT_EQ(std::numeric_limits<double>::infinity(), scaled(1e300, 1e300, 0));
}

TEST(decimals, every_number_of_two_places_is_what_it_looks_like) {
  for (auto i = 0; i < 100'000; ++i) {
    auto const text = std::to_string(i / 100) + '.' + char('0' + i % 100 / 10) + char('0' + i % 10);
    ASSERT_EQ(std::stod(text), scaled(i, 0.01, 0)) << text;
  }
}

TEST(units, are_converted_as_on_paper) {
  auto const in = [](double v, char const* from, char const* to) { return *convert(v, *find_unit(from), *find_unit(to)); };
  EXPECT_EQ(0.57, in(57, "CMT", "MTR"));
  EXPECT_EQ(0.057, in(57, "MMT", "MTR"));
  EXPECT_EQ(101325, in(1013.25, "hPa", "PAL"));
  EXPECT_EQ(20.3, in(293.45, "KEL", "CEL"));
  EXPECT_EQ(20, in(68, "FAH", "CEL"));
}

}  // namespace
}  // namespace dos
