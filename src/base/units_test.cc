#include "base/units.h"

#include <gtest/gtest.h>

#include <set>

namespace dos {
namespace {

double converted(double value, std::string_view from, std::string_view to) {
  return convert(value, *find_unit(from), *find_unit(to)).value();
}

TEST(units, are_found_by_code_ucum_and_symbol) {
  for (auto const* const name : {"CEL", "Cel", "°C"}) EXPECT_EQ("CEL", find_unit(name)->code) << name;
  for (auto const* const name : {"GQ", "ug/m3", "µg/m³", "\u03bcg/m³", "ug/m³"})
    EXPECT_EQ("GQ", find_unit(name)->code) << name;
  EXPECT_EQ("A97", find_unit("HPA")->code);
  EXPECT_EQ(nullptr, find_unit("XYZ"));
  EXPECT_EQ(nullptr, find_unit(""));
  EXPECT_EQ(nullptr, find_unit_by_code("Cel"));
}

TEST(units, convert_within_one_quantity) {
  EXPECT_NEAR(20, converted(68, "FAH", "CEL"), 1e-9);
  EXPECT_NEAR(293.15, converted(20, "CEL", "KEL"), 1e-9);
  EXPECT_NEAR(-40, converted(-40, "CEL", "FAH"), 1e-9);
  EXPECT_NEAR(36, converted(10, "MTS", "KMH"), 1e-9);
  EXPECT_NEAR(1.5, converted(1500, "WTT", "KWT"), 1e-9);
  EXPECT_NEAR(3.6, converted(1, "KWH", "3B"), 1e-9);
  EXPECT_NEAR(1013.25, converted(101325, "PAL", "A97"), 1e-9);
  EXPECT_NEAR(1500, converted(1.5, "H61", "G42"), 1e-9);
  EXPECT_NEAR(40, converted(0.04, "GP", "GQ"), 1e-9);
  EXPECT_NEAR(180, converted(3.14159265358979, "C81", "DD"), 1e-9);
}

TEST(units, of_different_quantities_do_not_convert) {
  EXPECT_FALSE(convert(1, *find_unit("CEL"), *find_unit("P1")));
  EXPECT_FALSE(convert(1, *find_unit("GQ"), *find_unit("59")));  // needs the gas, pressure and temperature
}

TEST(units, have_names_that_occur_once) {
  auto codes = std::set<std::string_view>();
  auto ucum = std::set<std::string_view>();
  for (auto const& u : all_units()) {
    EXPECT_TRUE(codes.insert(u.code).second) << u.code;
    EXPECT_TRUE(ucum.insert(u.ucum).second) << u.ucum;
  }
}

}  // namespace
}  // namespace dos
