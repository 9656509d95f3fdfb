#include "standard/sensorthings/expression.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "standard/sensorthings/operands.h"

namespace dos::sensorthings {
namespace {

// The tree with its operators spelled out.
std::string drawn(expression const& e) {
  static constexpr std::string_view signs[] = {"",   "",   "any", "all", "",    "or",  "and", "not", "eq",  "ne",  "lt",
                                               "le", "gt", "ge",  "in",  "add", "sub", "mul", "div", "mod", "list"};
  if (e.what == operation::literal) {
    if (auto const* const v = json_of(e.literal)) return json::to_string(*v);
    auto const* const s = std::get_if<span>(&e.literal);
    if (!s) return "…";
    return s->is_instant ? to_string(s->from) : to_string(s->from) + "/" + to_string(s->to);
  }
  auto text = e.what == operation::call ? e.name : std::string(signs[std::size_t(e.what)]);
  for (auto const& step : e.path) text += (&step == &e.path[0] ? e.what == operation::path ? "" : " " : "/") + step;
  if (e.parts.empty()) return text;
  for (auto const& p : e.parts) text += " " + drawn(*p);
  return "(" + text + ")";
}
std::string drawn(std::string_view filter, kind of = kind::observation) { return drawn(*parse_filter(filter, of)); }

std::string refusal(std::string_view filter, kind of = kind::observation) {
  try {
    parse_filter(filter, of);
  } catch (fault const& f) {
    return f.detail;
  }
  return {};
}

TEST(a_filter_text, binds_like_the_standard_says) {
  EXPECT_EQ(drawn("result eq 1 or result eq 2 and not result eq 3"),
            "(or (eq result 1) (and (eq result 2) (not (eq result 3))))");
  EXPECT_EQ(drawn("(result eq 1 or result eq 2) and result eq 3"),
            "(and (or (eq result 1) (eq result 2)) (eq result 3))");
  EXPECT_EQ(drawn("14 div 2 mod 3 mul 3 eq 1 add 2 sub 3"), "(eq (mul (mod (div 14 2) 3) 3) (sub (add 1 2) 3))");
  EXPECT_EQ(drawn("result eq -1.5"), "(eq result (sub 0 1.5))");
  EXPECT_EQ(drawn("result in (1,'a',null)"), "(in result (list 1 \"a\" null))");
}

TEST(a_filter_text, keeps_quotes_and_operators_within_texts) {
  EXPECT_EQ(drawn("result eq 'it''s or not'"), "(eq result \"it's or not\")");
  EXPECT_EQ(drawn("substringof('/(', result)"), "(substringof \"/(\" result)");
}

TEST(a_filter_text, walks_navigations_members_and_indexes) {
  EXPECT_EQ(drawn("Datastream/Thing/properties/a[1]/b eq 2"), "(eq Datastream/Thing/properties/a/1/b 2)");
  EXPECT_EQ(drawn("@iot.id eq 2"), "(eq id 2)");
  EXPECT_EQ(drawn("Datastreams/any(d: d/name eq 'x')", kind::thing), "(any Datastreams (eq $d/name \"x\"))");
}

TEST(a_filter_text, reads_times_in_every_form_of_the_standard) {
  for (auto const time : {"2015-03-01T00:40:00Z", "2015-03-01T00:40Z", "2015-03-01T02:40:00+02:00",
                          "2015-03-01T02:40:00+0200", "2015-02-28T22:40:00-02:00"}) {
    EXPECT_EQ(drawn(std::string("phenomenonTime gt ") + time), "(gt phenomenonTime 2015-03-01T00:40:00Z)") << time;
  }
  EXPECT_EQ(drawn("during(phenomenonTime,2015-03-01T00:00:00Z/2015-03-02T00:00:00Z)"),
            "(during phenomenonTime 2015-03-01T00:00:00Z/2015-03-02T00:00:00Z)");
  EXPECT_EQ(drawn("result eq duration'PT1H'"), "(eq result …)");
}

TEST(a_filter_text, takes_the_blank_that_a_form_makes_of_the_sign_of_a_zone) {
  EXPECT_EQ(drawn("phenomenonTime gt 2015-03-01T02:40:00 02:00"), "(gt phenomenonTime 2015-03-01T00:40:00Z)");
  EXPECT_EQ(drawn("phenomenonTime gt 2015-03-01T02:40:00 02:00 and result eq 1"),
            "(and (gt phenomenonTime 2015-03-01T00:40:00Z) (eq result 1))");
  EXPECT_EQ(drawn("during(phenomenonTime,2015-03-01T02:00:00 02:00/2015-03-02T02:00:00 0200)"),
            "(during phenomenonTime 2015-03-01T00:00:00Z/2015-03-02T00:00:00Z)");
  EXPECT_EQ(drawn("2015-03-01T02:40:00 02:00 lt phenomenonTime"), "(lt 2015-03-01T00:40:00Z phenomenonTime)");
  EXPECT_FALSE(refusal("phenomenonTime gt 2015-03-01T02:40:00Z 02:00").empty());
  EXPECT_FALSE(refusal("phenomenonTime gt 2015-03-01T02:40:00 2:00").empty());
  EXPECT_FALSE(refusal("result gt 5 02:00").empty());
}

TEST(a_filter_text, that_is_broken_is_refused_with_its_place) {
  EXPECT_EQ(refusal("result eq"), "at character 10 of \"result eq\": expected a value, a property or a function");
  EXPECT_EQ(refusal("reslt eq 1"),
            "at character 1 of \"reslt eq 1\": expected a property of Observations, not \"reslt\"");
  for (auto const text : {"",
                          " ",
                          "(",
                          ")",
                          "result eq 1)",
                          "(result eq 1",
                          "result eq 'a",
                          "result = 1",
                          "eq",
                          "result eq 1 2",
                          "not",
                          "and",
                          "result in (",
                          "result in ()",
                          "frobnicate(result)",
                          "year()",
                          "year(result,1)",
                          "geography'POINT(1)'",
                          "st_within(1,2)",
                          "duration'1h' gt 2",
                          "Datastream/any(",
                          "properties[",
                          "result[x] eq 1",
                          "result eq 2015-13-40T99:00:00Z",
                          "\xff\xfe",
                          "result eq 1e999",
                          "during(phenomenonTime,2015-03-01T00:00:00Z)",
                          "phenomenonTime gt 2015-03-02T00:00:00Z/2015-03-01T00:00:00Z"}) {
    EXPECT_FALSE(refusal(text).empty()) << text;
  }
}

TEST(a_filter_text, has_bounds_that_no_stack_feels) {
  EXPECT_FALSE(refusal(std::string(100'000, '(')).empty());
  auto text = std::string();
  for (auto i = 0; i < 50'000; ++i) text += "not ";
  EXPECT_FALSE(refusal(text + "result eq 1").empty());
  text = "result eq 1";
  for (auto i = 0; i < 3'000; ++i) text += " or result eq 1";
  EXPECT_EQ(refusal(text), "the filter has more than 2000 parts");
  text = "Datastream";
  for (auto i = 0; i < 40; ++i) text += "/Thing/Datastreams";
  EXPECT_EQ(refusal(text + "/name eq 'x'"), "a path has more than 30 steps");
}

TEST(an_order_text, has_keys_and_directions) {
  auto const keys = parse_order("phenomenonTime desc, Datastream/name asc,id", kind::observation);
  ASSERT_EQ(keys.size(), 3u);
  EXPECT_TRUE(keys[0].descending && !keys[1].descending && !keys[2].descending);
  EXPECT_EQ(drawn(*keys[1].by), "Datastream/name");
  EXPECT_THROW(parse_order("name sideways", kind::thing), fault);
  EXPECT_THROW(parse_order("name,", kind::thing), fault);
}

}  // namespace
}  // namespace dos::sensorthings
