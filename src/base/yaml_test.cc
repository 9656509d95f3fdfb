#include "base/yaml.h"

#include <gtest/gtest.h>

#include "base/fault.h"

namespace dos {
namespace {

std::string yaml_as_json(std::string_view yaml) { return json::to_string(parse_yaml(yaml)); }

std::string yaml_refusal(std::string_view yaml) {
  try {
    return "read as " + yaml_as_json(yaml);
  } catch (fault const& f) {
    return f.detail;
  }
}

TEST(yaml, becomes_the_json_that_means_the_same) {
  EXPECT_EQ(R"({"name":"Dortmund","plz":["44135",44137],"open":true,"note":null,"at":{"x":7.5}})", yaml_as_json(R"(
name: Dortmund
plz: ["44135", 44137]
open: true
note: ~
at: {x: 7.5}
)"));
  EXPECT_EQ("null", yaml_as_json(""));
  EXPECT_EQ(R"("two\nlines\n")", yaml_as_json("|\n  two\n  lines\n"));
}

TEST(yaml, plain_scalars_are_typed_by_the_core_schema) {
  struct row {
    char const* yaml;
    char const* json;
  };
  for (auto const& r :
       {row{"044", "44"}, row{"0x2a", "42"}, row{"0o52", "42"}, row{"+1", "1"}, row{"-1.5e1", "-15.0"},
        row{".5", "0.5"}, row{"5.", "5.0"}, row{"no", "\"no\""}, row{"yes", "\"yes\""}, row{"1:30", "\"1:30\""},
        row{"2024-01-01", "\"2024-01-01\""}, row{"'12'", "\"12\""}, row{"!!str 12", "\"12\""},
        row{"1_000", "\"1_000\""}, row{"-", "[null]"}, row{"NULL", "null"}, row{"12e", "\"12e\""}}) {
    EXPECT_EQ(std::string("read as ") + r.json, yaml_refusal(r.yaml)) << r.yaml;
  }
}

TEST(yaml, what_has_no_meaning_is_refused_with_its_line) {
  EXPECT_EQ("not valid YAML in line 2: the key \"a\" comes twice", yaml_refusal("a: 1\na: 2\n"));
  EXPECT_EQ("not valid YAML in line 1: a key has to be a scalar", yaml_refusal("[1]: 2\n"));
  EXPECT_EQ("not valid YAML in line 2: .inf has no place in JSON", yaml_refusal("a:\n  - .inf\n"));
  EXPECT_EQ("not valid YAML in line 1: the tag !danger is unknown or does not fit", yaml_refusal("!danger x"));
  EXPECT_NE(std::string::npos, yaml_refusal("a: [1\nb: 2").find("line 2"));
  EXPECT_NE(std::string::npos, yaml_refusal("a: 1\n---\nb: 2\n").find("something follows the end of the document"));
  EXPECT_EQ("not valid YAML in line 1: the number 1e400 is too large", yaml_refusal("1e400"));
  EXPECT_EQ("the YAML text is not UTF-8", yaml_refusal("a: \xff"));
  EXPECT_EQ("not valid YAML in line 1: invalid unicode: 55296", yaml_refusal("\"\\ud800\""));
  EXPECT_EQ("not valid YAML in line 1: an escape stands for something unreadable", yaml_refusal("a: \"\\N\""));
  EXPECT_THROW(parse_yaml(std::string_view("\0\0\0a: 1", 7)), fault);
}

TEST(yaml, aliases_are_followed_but_bombs_are_refused) {
  EXPECT_EQ(R"({"a":[1],"b":[1]})", yaml_as_json("a: &x [1]\nb: *x\n"));
  auto bomb = std::string("l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
  for (auto i = 1; i < 12; ++i) {
    auto const inner = "*l" + std::to_string(i - 1);
    bomb += "l" + std::to_string(i) + ": &l" + std::to_string(i) + " [" + inner;
    for (auto k = 1; k < 10; ++k) bomb += ", " + inner;
    bomb += "]\n";
  }
  EXPECT_NE(std::string::npos, yaml_refusal(bomb).find("more than 500000 values"));
  EXPECT_NE(std::string::npos, yaml_refusal("&a [*a]").find("nested deeper than 100"));
}

TEST(yaml, a_bracket_behind_the_end_is_refused_and_not_read_for_ever) {
  EXPECT_THROW(parse_yaml(" \"2\" , 3.5]\n+b:.\nc: vd: ~, e}tu re:\n"), fault);
  EXPECT_THROW(parse_yaml("a: 1\n]\n"), fault);
}

TEST(yaml, deep_nesting_is_refused) {
  EXPECT_THROW(parse_yaml(std::string(100'000, '[')), fault);
  EXPECT_THROW(parse_yaml(std::string(150, '[') + std::string(150, ']')), fault);
  auto blocks = std::string();
  for (auto i = 0; i < 300; ++i) blocks += std::string(std::size_t(i), ' ') + "a:\n";
  EXPECT_THROW(parse_yaml(blocks), fault);
}

TEST(yaml, the_line_of_a_member_is_found) {
  auto const* const text = "source: {format: csv}\nattributes:\n  - {attribute: a}\n  - attribute: b\n    a.b: 1\n    unit: X\n";
  EXPECT_EQ(1u, find_yaml_line(text, "source.format"));
  EXPECT_EQ(3u, find_yaml_line(text, "attributes[0].from"));
  EXPECT_EQ(6u, find_yaml_line(text, "attributes[1].unit"));
  EXPECT_EQ(5u, find_yaml_line(text, "attributes[1].a.b"));
  EXPECT_EQ(2u, find_yaml_line(text, "attributes[7]"));
  EXPECT_EQ(3u, find_yaml_line("{\n \"a\":\n  {\n\"b\": 1}}", "a.c") + 1);
  EXPECT_EQ(0u, find_yaml_line("a: [", "a"));
}

}  // namespace
}  // namespace dos
