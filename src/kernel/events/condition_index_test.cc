#include "kernel/events/condition_index.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace dos {
namespace {

entity with_value(json::value v) {
  auto e = entity();
  auto a = attribute();
  a.name = symbol("urn:n");
  a.value = std::move(v);
  e.set(make_attribute(std::move(a)));
  return e;
}

TEST(a_condition_index, finds_every_condition_that_holds_and_few_others) {
  auto random = std::mt19937(7);
  auto filters = std::vector<query::node_ptr>();
  auto index = condition_index<int>();
  for (auto i = 0; i < 1'000; ++i) {
    auto const relations = {query::relation::equal, query::relation::less, query::relation::less_equal,
                            query::relation::greater, query::relation::greater_equal};
    auto const r = *(relations.begin() + random() % relations.size());
    filters.push_back(query::compare({.attribute = symbol("urn:n"), .sub_attributes = {}, .trail = {}}, r,
                                     json::value(int(random() % 100))));
    index.add(*find_condition(filters.back()), i);
  }
  for (auto const& v : {json::value(-1), json::value(0), json::value(50), json::value(50.5), json::value(100),
                        json::value(json::array{3, 70}), json::value("text")}) {
    auto const e = with_value(v);
    auto found = std::set<int>();
    index.for_each(e, [&](int i) { found.insert(i); });
    for (auto i = 0; i < 1'000; ++i) {
      EXPECT_TRUE(found.contains(i) || !query::matches(*filters[std::size_t(i)], e)) << i;
    }
  }
  auto found = 0;
  index.for_each(with_value(json::value(-1)), [&](int) { ++found; });
  EXPECT_LT(found, 450);  // those with "less" alone
}

TEST(a_condition_index, forgets_what_is_removed) {
  auto index = condition_index<int>();
  auto const t = condition{symbol("urn:n"), query::relation::greater, 5.0};
  index.add(t, 1);
  index.add(t, 2);
  index.remove(t, 1);
  auto found = std::vector<int>();
  index.for_each(with_value(json::value(9)), [&](int i) { found.push_back(i); });
  EXPECT_EQ(found, std::vector<int>{2});
}

TEST(a_condition_index, finds_the_texts_that_are_equal) {
  auto index = condition_index<int>();
  auto const equal_to = [](char const* text) {
    return condition{symbol("urn:n"), query::relation::equal, std::string(text)};
  };
  index.add(equal_to("dark"), 1);
  index.add(equal_to("dim"), 2);
  index.add({symbol("urn:n"), query::relation::less, 100.0}, 3);
  auto const found = [&](json::value v) {
    auto all = std::set<int>();
    index.for_each(with_value(std::move(v)), [&](int i) { all.insert(i); });
    return all;
  };
  EXPECT_EQ(found("dark"), std::set<int>{1});
  EXPECT_EQ(found("bright"), std::set<int>());
  EXPECT_EQ(found(5), std::set<int>{3});
  EXPECT_TRUE(found(json::array{"dim", 7}).contains(2));
  index.remove(equal_to("dark"), 1);
  EXPECT_EQ(found("dark"), std::set<int>());
}

TEST(a_filter, has_a_condition_only_when_it_cannot_hold_without_it) {
  auto const n = query::compare({.attribute = symbol("urn:n"), .sub_attributes = {}, .trail = {}},
                                query::relation::greater, json::value(5));
  auto const text = query::compare({.attribute = symbol("urn:n"), .sub_attributes = {}, .trail = {}},
                                   query::relation::equal, json::value("x"));
  EXPECT_TRUE(find_condition(n));
  EXPECT_TRUE(find_condition(query::all({text, n})));
  EXPECT_FALSE(find_condition(query::any({text, n})));
  EXPECT_FALSE(find_condition(query::none(n)));
  EXPECT_TRUE(find_condition(text));
  EXPECT_FALSE(find_condition(nullptr));
  auto const compared = [](query::relation r, char const* literal) {
    return find_condition(
        query::compare({.attribute = symbol("urn:n"), .sub_attributes = {}, .trail = {}}, r, json::value(literal)));
  };
  EXPECT_FALSE(compared(query::relation::less, "x"));
  EXPECT_FALSE(compared(query::relation::equal, "2026-11-21T00:00:00Z")) << "it may be written in another way";
}

}  // namespace
}  // namespace dos
