#include "standard/sensorthings/json_patch.h"

#include <gtest/gtest.h>

#include "base/fault.h"

namespace dos::sensorthings {
namespace {

std::string after(char const* patch, char const* document = R"({"a":1,"b":{"c":[1,2,3]},"x/y":{"~":5}})") {
  return json::to_string(patched(json::parse(document), json::parse(patch)));
}

TEST(a_json_patch, does_what_rfc_6902_says) {
  EXPECT_EQ(after(R"([{"op":"add","path":"/d","value":null}])", R"({"a":1})"), R"({"a":1,"d":null})");
  EXPECT_EQ(after(R"([{"op":"add","path":"/l/1","value":9}])", R"({"l":[1,2]})"), R"({"l":[1,9,2]})");
  EXPECT_EQ(after(R"([{"op":"add","path":"/l/-","value":9}])", R"({"l":[1,2]})"), R"({"l":[1,2,9]})");
  EXPECT_EQ(after(R"([{"op":"remove","path":"/l/0"}])", R"({"l":[1,2]})"), R"({"l":[2]})");
  EXPECT_EQ(after(R"([{"op":"replace","path":"/a","value":{"b":2}}])", R"({"a":1})"), R"({"a":{"b":2}})");
  EXPECT_EQ(after(R"([{"op":"move","from":"/a","path":"/b/c"}])", R"({"a":1,"b":{}})"), R"({"b":{"c":1}})");
  EXPECT_EQ(after(R"([{"op":"copy","from":"/a","path":"/b"}])", R"({"a":[1]})"), R"({"a":[1],"b":[1]})");
  EXPECT_EQ(after(R"([{"op":"test","path":"/a","value":1},{"op":"remove","path":"/a"}])", R"({"a":1})"), "{}");
  EXPECT_EQ(after(R"([{"op":"replace","path":"/x~1y/~0","value":6}])", R"({"x/y":{"~":5}})"), R"({"x/y":{"~":6}})");
  EXPECT_EQ(after("[]", R"({"a":1})"), R"({"a":1})");
}

TEST(a_json_patch, that_leads_nowhere_or_is_none_is_refused) {
  for (auto const patch : {R"({})",
                           R"("x")",
                           R"([1])",
                           R"([{}])",
                           R"([{"op":"add"}])",
                           R"([{"op":"frob","path":"/a"}])",
                           R"([{"op":"add","path":"/a"}])",
                           R"([{"op":"add","path":"a","value":1}])",
                           R"([{"op":"add","path":7,"value":1}])",
                           R"([{"op":"remove","path":"/nothing"}])",
                           R"([{"op":"remove","path":""}])",
                           R"([{"op":"add","path":"/b/c/4","value":1}])",
                           R"([{"op":"add","path":"/b/c/-1","value":1}])",
                           R"([{"op":"add","path":"/b/c/x","value":1}])",
                           R"([{"op":"add","path":"/a/b","value":1}])",
                           R"([{"op":"replace","path":"/b/z","value":1}])",
                           R"([{"op":"move","from":"/b","path":"/b/c/0"}])",
                           R"([{"op":"copy","from":"/z","path":"/a"}])",
                           R"([{"op":"test","path":"/a","value":2}])",
                           R"([{"op":"test","path":"/a"}])",
                           R"([{"op":"replace","path":"","value":1}])"}) {
    EXPECT_THROW(after(patch), fault) << patch;
  }
}

}  // namespace
}  // namespace dos::sensorthings
