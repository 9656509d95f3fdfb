#include "kernel/graph/query.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "kernel/graph/pattern.h"

namespace dos::query {
namespace {

attribute make(char const* name, json::value v, attribute_kind kind = attribute_kind::property) {
  auto a = attribute();
  a.name = symbol(name);
  a.kind = kind;
  a.value = std::move(v);
  return a;
}

path at(char const* name, std::vector<std::string> trail = {}) {
  auto p = path();
  p.attribute = symbol(name);
  p.trail = std::move(trail);
  return p;
}

path of_entity(path::field what) {
  auto p = path();
  p.what = what;
  return p;
}

entity with(attribute a) {
  auto e = entity();
  e.id = "urn:ngsi-ld:Thing:1";
  e.types = {symbol("Thing")};
  e.attributes.push_back(make_attribute(std::move(a)));
  return e;
}

// Rows read as: a stored value, a relation, what is asked for, and whether it holds.
struct row {
  char const* value;
  relation how;
  char const* literal;
  bool holds;
};

TEST(comparison, means_what_the_standard_says) {
  constexpr auto equal = relation::equal;
  constexpr auto not_equal = relation::not_equal;
  constexpr auto less = relation::less;
  constexpr auto less_equal = relation::less_equal;
  constexpr auto greater = relation::greater;
  constexpr auto greater_equal = relation::greater_equal;
  constexpr auto contains_text = relation::contains_text;
  for (auto const& r : std::vector<row>{
           {"21", equal, "21.0", true},
           {"21", equal, "22", false},
           {"21", not_equal, "22", true},
           {"21", not_equal, "21", false},
           {"21", less, "21.5", true},
           {"21.5", less, "21.5", false},
           {"21.5", less_equal, "21.5", true},
           {"22", greater, "21.5", true},
           {"21", greater_equal, "21.5", false},
           {"9007199254740993", greater, "9007199254740992", true},
           {"-0.0", equal, "0", true},
           {"\"21\"", equal, "21", false},
           {"\"21\"", less, "22", false},
           {"\"b\"", greater, "\"a\"", true},
           {"\"ä\"", greater, "\"z\"", true},
           {"\"Z\"", less, "\"a\"", true},
           {"true", equal, "true", true},
           {"true", not_equal, "false", true},
           {"true", equal, "1", false},
           {"false", less, "true", true},
           {"null", equal, "null", true},
           {"1", equal, "null", false},
           // Times are points in time, whatever their form.
           {"\"2026-11-21T20:00:00Z\"", equal, "\"2026-11-21T21:00:00+01:00\"", true},
           {"\"2026-11-21T20:00:00Z\"", less, "\"2026-11-21T20:30:00+01:00\"", false},
           {"\"2026-11-21T20:00:00.5Z\"", greater, "\"2026-11-21T20:00:00Z\"", true},
           {"\"2026-11-21\"", less, "\"2026-11-21T00:00:01Z\"", true},
           {"\"tomorrow\"", greater, "\"2026-11-21T00:00:01Z\"", false},
           {"\"2026-11-21\"", less, "\"2026-11-22\"", true},
           {R"({"@type":"DateTime","@value":"2026-11-21T20:00:00Z"})", greater, "\"2026-11-21T19:00:00Z\"", true},
           {R"({"@type":"Date","@value":"2026-11-21"})", equal, "\"2026-11-21\"", true},
           // A list holds what one of its items holds.
           {"[1,5]", equal, "5", true},
           {"[1,5]", not_equal, "5", false},
           {"[1,5]", not_equal, "6", true},
           {"[1,5]", greater, "4", true},
           {"[1,5]", greater, "5", false},
           {"[1,5]", equal, "[1,5]", true},
           {"[1,5]", equal, "[5,1]", false},
           {"[[1],[5]]", equal, "[5]", true},
           {"[]", not_equal, "1", true},
           {R"({"a":1})", equal, R"({"a":1.0})", true},
           {R"({"a":1})", less, "2", false},
           {"\"Rathaus\"", contains_text, "\"haus\"", true},
           {"\"Rathaus\"", contains_text, "\"Haus\"", false},
           {"[\"x\",\"Rathaus\"]", contains_text, "\"haus\"", true},
           {"7", contains_text, "\"7\"", false},
       }) {
    SCOPED_TRACE(std::string(r.value) + " " + std::to_string(int(r.how)) + " " + r.literal);
    EXPECT_EQ(matches(*compare(at("a"), r.how, json::parse(r.literal)), with(make("a", json::parse(r.value)))), r.holds);
  }
}

TEST(comparison, of_what_is_not_there_never_holds) {
  for (auto const r : {relation::equal, relation::not_equal, relation::less, relation::greater, relation::not_matches}) {
    EXPECT_FALSE(matches(*compare(at("b"), r, json::value(1)), with(make("a", 1))));
  }
}

TEST(comparison, knows_ranges_and_lists) {
  auto const two_to_four = range{2, 4};
  auto const list = std::vector<std::variant<json::value, range>>{json::value(1), two_to_four, json::value("x")};
  auto const days = range{"2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"};
  auto const is = [](json::value v, relation r, operand o) {
    return matches(*compare(at("a"), r, std::move(o)), with(make("a", std::move(v))));
  };
  EXPECT_TRUE(is(2, relation::equal, two_to_four));
  EXPECT_TRUE(is(4, relation::equal, two_to_four));
  EXPECT_FALSE(is(4.1, relation::equal, two_to_four));
  EXPECT_TRUE(is(4.1, relation::not_equal, two_to_four));
  EXPECT_TRUE(is("c", relation::equal, range{"b", "d"}));
  EXPECT_TRUE(is("2026-11-22T01:00:00+01:00", relation::equal, days));
  EXPECT_FALSE(is("2026-11-22T00:00:01Z", relation::equal, days));
  EXPECT_TRUE(is(1, relation::equal, list));
  EXPECT_TRUE(is(3, relation::equal, list));
  EXPECT_TRUE(is("x", relation::equal, list));
  EXPECT_FALSE(is(5, relation::equal, list));
  EXPECT_TRUE(is(5, relation::not_equal, list));
  EXPECT_FALSE(is(3, relation::not_equal, list));
  EXPECT_TRUE(is(json::array{7, 3}, relation::equal, list));
}

TEST(comparison, folds_case_when_told) {
  auto n = node(*compare(at("a"), relation::equal, json::value("STRASSE")));
  EXPECT_FALSE(matches(n, with(make("a", "Straße"))));
  n.folded = true;
  EXPECT_TRUE(matches(n, with(make("a", "Straße"))));
  n.relation = relation::contains_text;
  n.operand = json::value("rasse");
  EXPECT_TRUE(matches(n, with(make("a", "Straße"))));
}

TEST(comparison, finds_patterns_in_texts_only) {
  auto const digits = make_pattern("^A[0-9]+");
  EXPECT_TRUE(matches(*compare(at("a"), relation::matches, digits), with(make("a", "A40 Ost"))));
  EXPECT_FALSE(matches(*compare(at("a"), relation::matches, digits), with(make("a", "B1"))));
  EXPECT_TRUE(matches(*compare(at("a"), relation::not_matches, digits), with(make("a", "B1"))));
  EXPECT_FALSE(matches(*compare(at("a"), relation::matches, digits), with(make("a", 40))));
}

TEST(path, leads_through_members_lists_and_typed_values) {
  auto const value = json::parse(R"({"a":{"b":[{"c":1},{"c":2}]},"t":{"@type":"X","@value":{"y":3}}})");
  auto const e = with(make("v", value, attribute_kind::json_property));
  auto const is = [&](std::vector<std::string> trail, int n) {
    return matches(*compare(at("v", std::move(trail)), relation::equal, json::value(n)), e);
  };
  EXPECT_TRUE(is({"a", "b", "c"}, 2));
  EXPECT_TRUE(is({"a", "b", "0", "c"}, 1));
  EXPECT_FALSE(is({"a", "b", "0", "c"}, 2));
  EXPECT_FALSE(is({"a", "b", "2", "c"}, 2));
  EXPECT_TRUE(is({"t", "y"}, 3));
  EXPECT_FALSE(is({"a", "x"}, 1));
  EXPECT_TRUE(matches(*exists(at("v", {"a", "b"})), e));
  EXPECT_FALSE(matches(*exists(at("v", {"a", "x"})), e));
}

TEST(path, names_a_language) {
  auto const texts = json::parse(R"({"de":"Rathaus","en":["town hall","city hall"]})");
  auto const e = with(make("name", texts, attribute_kind::language_property));
  auto const is = [&](std::vector<std::string> trail, char const* text) {
    return matches(*compare(at("name", std::move(trail)), relation::equal, json::value(text)), e);
  };
  EXPECT_TRUE(is({"de"}, "Rathaus"));
  EXPECT_TRUE(is({"EN"}, "city hall"));
  EXPECT_FALSE(is({"en"}, "Rathaus"));
  EXPECT_TRUE(is({"*"}, "town hall"));
  EXPECT_TRUE(is({}, "Rathaus"));
  EXPECT_FALSE(is({"fr"}, "Rathaus"));
}

TEST(path, leads_to_attributes_of_attributes_and_their_fields) {
  auto a = make("level", 3);
  a.observed_at = *parse_timestamp("2026-11-21T20:00:00Z");
  a.unit = symbol("CMT");
  a.provenance = provenance::measured;
  auto accuracy = make("accuracy", 0.5);
  accuracy.unit = symbol("MMT");
  a.attributes.push_back(make_attribute(accuracy));
  auto e = with(a);
  e.modified_at = *parse_timestamp("2026-11-22T00:00:00Z");
  e.scopes = {symbol("/a/b")};

  auto sub = at("level");
  sub.sub_attributes = {symbol("accuracy")};
  EXPECT_TRUE(matches(*compare(sub, relation::less, json::value(1)), e));
  sub.what = path::field::unit;
  EXPECT_TRUE(matches(*compare(sub, relation::equal, json::value("MMT")), e));
  auto field = at("level");
  field.what = path::field::observed_at;
  EXPECT_TRUE(matches(*compare(field, relation::greater, json::value("2026-11-21T20:30:00+01:00")), e));
  EXPECT_FALSE(matches(*compare(field, relation::greater, json::value("2026-11-21T20:00:00Z")), e));
  field.what = path::field::provenance;
  EXPECT_TRUE(matches(*compare(field, relation::equal, json::value("measured")), e));
  field.what = path::field::dataset;
  EXPECT_FALSE(matches(*exists(field), e));
  EXPECT_TRUE(matches(*compare(of_entity(path::field::id), relation::equal, json::value("urn:ngsi-ld:Thing:1")), e));
  EXPECT_TRUE(matches(*compare(of_entity(path::field::type), relation::equal, json::value("Thing")), e));
  EXPECT_TRUE(matches(*compare(of_entity(path::field::scope), relation::equal, json::value("/a/b")), e));
  EXPECT_TRUE(matches(*compare(of_entity(path::field::modified_at), relation::less, json::value("2026-11-22T00:00:01Z")), e));
  EXPECT_FALSE(matches(*exists(of_entity(path::field::created_at)), e));
}

TEST(filter, holds_when_one_dataset_holds) {
  auto e = with(make("a", 1));
  auto other = make("a", 2);
  other.dataset = symbol("urn:dataset:x");
  e.attributes.push_back(make_attribute(other));
  EXPECT_TRUE(matches(*compare(at("a"), relation::equal, json::value(1)), e));
  EXPECT_TRUE(matches(*compare(at("a"), relation::equal, json::value(2)), e));
  EXPECT_FALSE(matches(*compare(at("a"), relation::equal, json::value(3)), e));
  auto values = std::vector<json::value>();
  for_each_value(at("a"), e, values);
  EXPECT_EQ(values, (std::vector<json::value>{1, 2}));
}

TEST(filter, combines_with_all_any_and_none) {
  auto const e = with(make("a", 1));
  auto const yes = exists(at("a"));
  auto const no = exists(at("b"));
  EXPECT_TRUE(matches(*all({yes, yes}), e));
  EXPECT_FALSE(matches(*all({yes, no}), e));
  EXPECT_TRUE(matches(*any({no, yes}), e));
  EXPECT_FALSE(matches(*any({no, no}), e));
  EXPECT_TRUE(matches(*none(no), e));
  EXPECT_FALSE(matches(*none(yes), e));
  EXPECT_TRUE(matches(*all({}), e));
}

TEST(filter, finds_words_in_id_name_title_and_description) {
  auto e = with(make("https://schema.org/name", json::parse(R"({"de":"Großes Rathaus"})"), attribute_kind::language_property));
  e.attributes.push_back(make_attribute(make("https://example.org/note", "Geheimnis")));
  EXPECT_TRUE(matches(*text({"rathaus"}), e));
  EXPECT_TRUE(matches(*text({"HAUS gross"}), e));
  EXPECT_TRUE(matches(*text({"1"}), e));
  EXPECT_FALSE(matches(*text({"rathaus", "schule"}), e));
  EXPECT_FALSE(matches(*text({"geheimnis"}), e));
  EXPECT_FALSE(matches(*text({"ngsi"}), e));
}

TEST(filter, asks_geo_attributes_where_they_are) {
  auto const place = json::parse(R"({"type":"Point","coordinates":[7.4653,51.5136]})");
  auto const e = with(make("location", place, attribute_kind::geo_property));
  auto const near = [](double lon, double lat, double max_m) {
    auto o = geo::spatial_query::options();
    o.relation = geo::relation::near;
    o.geometry = geo::geometry(geo::position{lon, lat});
    o.max_m = max_m;
    return std::make_shared<geo::spatial_query const>(std::move(o));
  };
  EXPECT_TRUE(matches(*spatial(symbol("location"), near(7.4653, 51.5145, 150)), e));
  EXPECT_FALSE(matches(*spatial(symbol("location"), near(7.4653, 51.5145, 50)), e));
  EXPECT_FALSE(matches(*spatial(symbol("elsewhere"), near(7.4653, 51.5136, 50)), e));
}

TEST(selector, takes_types_ids_and_patterns) {
  auto e = with(make("a", 1));
  e.types = {symbol("A"), symbol("B")};
  auto const is = [&](type_selection types) { return matches(types, e); };
  EXPECT_TRUE(is({}));
  EXPECT_TRUE(is({{symbol("A")}}));
  EXPECT_TRUE(is({{symbol("C")}, {symbol("A"), symbol("B")}}));
  EXPECT_FALSE(is({{symbol("A"), symbol("C")}}));
  EXPECT_TRUE(matches(selector{{"urn:ngsi-ld:Thing:1"}, make_pattern("Thing"), {}}, e));
  EXPECT_FALSE(matches(selector{{"urn:ngsi-ld:Thing:2"}, nullptr, {}}, e));
  EXPECT_FALSE(matches(selector{{}, make_pattern("^Thing"), {}}, e));
}

TEST(query, keeps_to_scopes_attributes_and_the_living) {
  auto e = with(make("a", 1));
  e.scopes = {symbol("/dortmund/hombruch/barop")};
  auto const in_scope = [&](char const* expression) {
    auto q = query();
    q.scopes = {expression};
    return matches(q, e);
  };
  EXPECT_TRUE(in_scope("/dortmund/hombruch/barop"));
  EXPECT_FALSE(in_scope("/dortmund/hombruch"));
  EXPECT_TRUE(in_scope("/dortmund/#"));
  EXPECT_TRUE(in_scope("/dortmund/hombruch/barop/#"));
  EXPECT_TRUE(in_scope("/dortmund/+/barop"));
  EXPECT_FALSE(in_scope("/dortmund/+"));
  EXPECT_FALSE(in_scope("/dort/#"));
  EXPECT_TRUE(in_scope("/#"));
  EXPECT_FALSE(in_scope("/dortmund/hombruch/bar"));

  auto q = query();
  q.attributes = {symbol("x"), symbol("a")};
  EXPECT_TRUE(matches(q, e));
  q.attributes = {symbol("x")};
  EXPECT_FALSE(matches(q, e));
  q = {};
  e.deleted_at = timestamp{1};
  EXPECT_FALSE(matches(q, e));
  q.with_deleted = true;
  EXPECT_TRUE(matches(q, e));
}

TEST(pattern, takes_linear_time_and_bounded_room) {
  auto const evil = make_pattern("(a+)+$");
  EXPECT_FALSE(evil->found_in(std::string(100'000, 'a') + "b"));
  EXPECT_TRUE(make_pattern("größ.r")->found_in("viel größer"));
  EXPECT_EQ(make_pattern("a|b")->source(), "a|b");
  EXPECT_THROW(make_pattern("((a{1000}){1000}){1000}"), fault);
  EXPECT_THROW(make_pattern(std::string(1025, 'a')), fault);
  EXPECT_THROW(make_pattern("("), fault);
  EXPECT_THROW(make_pattern("(a)\\1"), fault);
}

}  // namespace
}  // namespace dos::query
