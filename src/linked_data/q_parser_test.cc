#include "linked_data/q_parser.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "linked_data/fragment.h"
#include "linked_data/geo_query.h"
#include "linked_data/selection_parser.h"

namespace dos::linked_data {
namespace {

entity car() {
  return to_entity(parse_entity(json::parse(R"({
    "id": "urn:ngsi-ld:Car:1", "type": "Car", "scope": ["/Schwerte/Mitte"],
    "speed": {"value": 55, "observedAt": "2026-05-01T12:00:00Z", "accuracy": {"value": 0.5}},
    "brand": "Mercedes", "owner": {"object": "urn:ngsi-ld:Person:1"}, "parked": false,
    "address": {"type": "Property", "value": {"city": "Schwerte", "lines": ["a", "b"]}},
    "name": {"languageMap": {"de": "Wagen", "en": "car"}},
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7.56, 51.44]}}})"),
                                *core_context()));
}

bool holds_for_car(std::string_view q) { return query::matches(*parse_q(q, {*core_context(), true}), car()); }

TEST(q, means_what_the_standard_says) {
  for (auto const q : {"speed==55", "speed>50;brand==\"Mercedes\"", "speed<10|brand==\"Mercedes\"", "speed==50..60", "speed==1,55,60",
                       "speed!=1,2", "(speed>50;speed<60)", "brand~=^Mer.*", "brand!~=^Aud.*", "owner==urn:ngsi-ld:Person:1", "parked==false",
                       "speed.accuracy==0.5", "address[city]==\"Schwerte\"", "name[de]==\"Wagen\"", "name[*]==\"car\"",
                       "speed.observedAt>2026-01-01T00:00:00Z", "speed", "!fuel", "speed;(fuel|brand)",
                       "https://uri.etsi.org/ngsi-ld/default-context/speed==55"}) {
    EXPECT_TRUE(holds_for_car(q)) << q;
  }
  for (auto const q : {"speed==54", "speed>55", "fuel", "fuel!=1", "speed<10;brand==\"Mercedes\"", "speed==60..70", "brand~=^Aud.*",
                       "parked==true", "name[de]==\"car\"", "address[city]==\"Dortmund\""}) {
    EXPECT_FALSE(holds_for_car(q)) << q;
  }
}

TEST(q, binds_and_more_closely_than_or) { EXPECT_TRUE(holds_for_car("brand==\"Mercedes\"|speed==1;parked==true")); }

TEST(q, refuses_what_it_cannot_read_and_says_where) {
  for (auto const q : {"", ";", "speed==", "speed==a-b", "(speed==1", "speed==1)", "speed==\"a", "speed=1", "speed>>1", "==1", "a[b==1",
                       "speed==1;;brand"}) {
    EXPECT_THROW(parse_q(q, {*core_context()}), fault) << q;
  }
}

TEST(q, of_a_hundred_kilobytes_is_refused) {
  auto long_q = std::string("a==1");
  while (long_q.size() < 100'000) long_q += ";a==1";
  EXPECT_THROW(parse_q(long_q, {*core_context()}), fault);
  EXPECT_THROW(parse_q(std::string(10'000, '(') + "a" + std::string(6'000, ')'), {*core_context()}), fault);
}

TEST(types, are_selected_by_alternatives_of_conjunctions) {
  auto const n = naming{*core_context(), true};
  EXPECT_EQ(parse_type_selection("A,B", n).size(), 2u);
  EXPECT_EQ(parse_type_selection("(A;B),C", n).size(), 2u);
  EXPECT_EQ(parse_type_selection("(A,B);C", n).size(), 2u);
  EXPECT_THROW(parse_type_selection("A,", n), fault);
  EXPECT_THROW(parse_type_selection("(A", n), fault);
}

TEST(a_type_that_nobody_has, still_restricts_the_answer) {
  auto const selection = parse_type_selection("NobodyEverHadThisType", {*core_context()});
  EXPECT_FALSE(query::matches(selection, car()));
}

TEST(a_condition, may_say_who_and_when_and_what_was) {
  auto const names = make_context({{"owner", "urn:x:owner"}, {"until", "urn:x:until"}});
  auto const read = [&](std::string_view q) { return parse_q(q, {*names, true}, {.is_condition = true}); };
  auto const what_of = [](query::node const& n) { return std::get<query::variable>(n.operand).what; };
  EXPECT_EQ(what_of(*read("owner==$me")), query::variable::name::me);
  EXPECT_EQ(what_of(*read("owner == $my_organisations")), query::variable::name::my_organisations);
  auto const soon = read("until > $now-P14D");
  EXPECT_EQ(what_of(*soon), query::variable::name::now);
  EXPECT_EQ(std::get<query::variable>(soon->operand).offset_us, -14 * 86'400 * us_per_second);
  EXPECT_EQ(std::get<query::variable>(read("owner!=$old.owner;until>$now")->children[0]->operand).of_old.attribute, symbol("urn:x:owner"));
  EXPECT_TRUE(read("$old.owner==\"a b\"")->path.of_old);
  for (auto const* const q : {"owner==$you", "until>$now-P1M", "until>$now-", "owner==$me,\"x\"", "owner==$me$me", "owner==", "owner==$"}) {
    EXPECT_THROW(read(q), fault) << q;
  }
  EXPECT_THROW(parse_q("owner==$me", {*names, true}), fault);  // whoever asks over a door says it otherwise
}

TEST(scopes, may_be_required_together) {
  auto const s = parse_scope_query("/Schwerte/#;/Schwerte/+");
  EXPECT_TRUE(query::matches(*s.filter, car()));
  EXPECT_FALSE(query::matches(*parse_scope_query("/Schwerte/#;/Dortmund/#").filter, car()));
  EXPECT_EQ(parse_scope_query("/a,/b").any.size(), 2u);
}

TEST(places, are_asked_in_metres) {
  auto const near = [](std::string_view georel) {
    return query::matches(*parse_geo_query({.georel = georel, .geometry = "Point", .coordinates = json::parse("[7.56, 51.45]"), .geoproperty = ""},
                                           {*core_context(), true}),
                          car());
  };
  EXPECT_TRUE(near("near;maxDistance==2000"));
  EXPECT_FALSE(near("near;maxDistance==500"));
  EXPECT_TRUE(near("near;minDistance==500"));
  EXPECT_THROW(near("near"), fault);
  EXPECT_THROW(near("near;maxDistance==-1"), fault);
  EXPECT_THROW(near("beside"), fault);
}

}  // namespace
}  // namespace dos::linked_data
