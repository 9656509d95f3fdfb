#include "base/json_path.h"

#include <gtest/gtest.h>

#include <string>

namespace dos {
namespace {

std::string at(std::string_view path) {
  static auto const document = json::parse(
      R"({"a": {"b": [{"c": 1}, {"c": 2}], "x.y": {"z": 3}, "": 4}, "a.b": 5, "n": null, "list": [[6, 7]], "7": {"0": 8}})");
  auto const* const found = json::find_path(document, path);
  return found ? json::to_string(*found) : "nothing";
}

TEST(JsonPath, MembersAndPlacesInLists) {
  EXPECT_EQ(at("a.b.1.c"), "2");
  EXPECT_EQ(at("list.0.1"), "7");
  EXPECT_EQ(at("7.0"), "8");  // a member, no place in a list
  EXPECT_EQ(at("n"), "null");
}

TEST(JsonPath, NamesWithPointsAreFoundFirst) {
  EXPECT_EQ(at("a.b"), "5");
  EXPECT_EQ(at("a.x.y"), R"({"z":3})");
}

TEST(JsonPath, NothingWhereThereIsNone) {
  EXPECT_EQ(at("a.b.2.c"), "nothing");
  EXPECT_EQ(at("a.b.-1"), "nothing");
  EXPECT_EQ(at("n.m"), "nothing");
  EXPECT_EQ(at("a.b.1.c.d"), "nothing");
  EXPECT_EQ(at("nowhere"), "nothing");
}

TEST(JsonPath, AnEmptyNameIsOne) { EXPECT_EQ(at("a."), "4"); }

TEST(JsonPath, AnEmptyPathIsTheDocument) {
  auto const v = json::value(1);
  EXPECT_EQ(json::find_path(v, ""), &v);
}

}  // namespace
}  // namespace dos
