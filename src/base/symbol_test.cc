#include "base/symbol.h"

#include <gtest/gtest.h>

#include <string>

#include "base/fault.h"

namespace dos {
namespace {

TEST(a_new_name, is_taken_from_the_allowance_of_who_brings_it) {
  auto allowance = name_allowance(2);
  {
    auto const paying = pays_for_names(&allowance);
    auto const one = symbol("symbol_test one");
    EXPECT_EQ(one, symbol("symbol_test one"));
    EXPECT_EQ(1u, allowance.left());
    symbol("symbol_test two");
    auto const before = symbol_count();
    try {
      symbol("symbol_test three");
      FAIL() << "a third name";
    } catch (fault const& f) {
      EXPECT_EQ(fault_kind::too_many, f.kind);
    }
    EXPECT_EQ(before, symbol_count());
    EXPECT_EQ(one.text(), symbol("symbol_test one").text());  // what is known costs nothing
  }
  EXPECT_EQ("symbol_test three", symbol("symbol_test three").text());  // the program itself
}

}  // namespace
}  // namespace dos
