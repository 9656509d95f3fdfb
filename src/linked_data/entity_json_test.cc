#include <gtest/gtest.h>

#include "base/fault.h"
#include "linked_data/entity_change.h"
#include "linked_data/fragment.h"
#include "linked_data/render.h"

namespace dos::linked_data {
namespace {

entity read(std::string_view text, input_form form = input_form::full) {
  return to_entity(parse_entity(json::parse(text), *core_context(), form));
}

json::value shown(entity const& e, representation form = representation::normalized) {
  auto r = plain_rendering(*core_context());
  r.form = form;
  auto out = std::string();
  write_entity(out, e, r);
  return json::parse(out);
}

constexpr auto every_kind = std::string_view(R"({
  "id": "urn:ngsi-ld:Room:1", "type": ["Room", "Lab"], "scope": "/a/b",
  "temperature": {"type": "Property", "value": 21.5, "unitCode": "CEL", "observedAt": "2026-05-01T12:00:00Z",
                  "accuracy": {"type": "Property", "value": 0.1}},
  "owner": {"type": "Relationship", "object": "urn:ngsi-ld:Person:1"},
  "owners": {"type": "Relationship", "object": ["urn:a:1", "urn:a:2"]},
  "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7.5, 51.4]}},
  "title2": {"type": "LanguageProperty", "languageMap": {"de": "Raum", "en": "Room"}},
  "state": {"type": "VocabProperty", "vocab": "open"},
  "raw": {"type": "JsonProperty", "json": {"a": null, "id": 1}},
  "list": {"type": "ListProperty", "valueList": [1, 2, 1]},
  "way": {"type": "ListRelationship", "objectList": [{"object": "urn:a:1"}, {"object": "urn:a:1"}]},
  "level": [{"type": "Property", "value": 1}, {"type": "Property", "value": 2, "datasetId": "urn:d:2"}]})");

TEST(an_entity, comes_out_normalized_as_it_went_in) {
  EXPECT_EQ(json::to_pretty_string(shown(read(every_kind))), json::to_pretty_string(json::parse(every_kind)));
}

TEST(an_entity, is_the_same_in_concise_form) {
  auto const e = read(every_kind);
  EXPECT_EQ(shown(read(json::to_string(shown(e, representation::concise)))), shown(e));
}

TEST(an_entity, shows_only_values_when_simplified) {
  EXPECT_EQ(shown(read(every_kind), representation::simplified), json::parse(R"({
    "id": "urn:ngsi-ld:Room:1", "type": ["Room", "Lab"], "scope": "/a/b", "temperature": 21.5,
    "owner": "urn:ngsi-ld:Person:1", "owners": ["urn:a:1", "urn:a:2"],
    "location": {"type": "Point", "coordinates": [7.5, 51.4]}, "title2": {"languageMap": {"de": "Raum", "en": "Room"}},
    "state": {"vocab": "open"}, "raw": {"json": {"a": null, "id": 1}}, "list": [1, 2, 1],
    "way": ["urn:a:1", "urn:a:1"], "level": {"dataset": {"@none": 1, "urn:d:2": 2}}})"));
}

TEST(an_entity, can_be_given_as_plain_values) {
  auto const e = read(R"({"id": "urn:a:1", "type": "A", "n": 5, "where": {"type": "Point", "coordinates": [7, 51]}, "o": {"x": 1}})",
                      input_form::simplified);
  EXPECT_EQ(e.attributes[0]->value, json::value(5));
  EXPECT_EQ(e.attributes[1]->kind, attribute_kind::geo_property);
  EXPECT_EQ(e.attributes[2]->value, json::parse(R"({"x": 1})"));
}

TEST(an_entity, carries_where_its_values_come_from) {
  auto const e = read(R"({"id": "urn:a:1", "type": "A", "n": {"type": "Property", "value": 5,
                          "urn:dos2030:provenance": {"type": "Property", "value": "simulated"}}})");
  EXPECT_EQ(e.attributes[0]->provenance, provenance::simulated);
  EXPECT_EQ(shown(e).find("n")->find("urn:dos2030:provenance")->text_or("value", ""), "simulated");
}

TEST(a_wrong_entity, is_refused_with_the_member_that_is_wrong) {
  struct row {
    std::string_view text, member;
  };
  for (auto const& r : {row{R"({"type": "A"})", "id"}, row{R"({"id": "a", "type": "A"})", "id"},
                        row{R"({"id": "urn:a:1"})", "type"}, row{R"({"id": "urn:a:1", "type": []})", "type"},
                        row{R"({"id": "urn:a:1", "type": "A", "n": null})", "n"},
                        row{R"({"id": "urn:a:1", "type": "A", "n": {"type": "Thing", "value": 1}})", "n.type"},
                        row{R"({"id": "urn:a:1", "type": "A", "n": {"type": "Property", "value": null}})", "n.value"},
                        row{R"({"id": "urn:a:1", "type": "A", "n": {"type": "Relationship", "object": "no uri"}})", "n.object"},
                        row{R"({"id": "urn:a:1", "type": "A", "n": {"type": "Relationship", "value": "urn:a:2"}})", "n.value"},
                        row{R"({"id": "urn:a:1", "type": "A", "n": {"value": 1, "observedAt": "soon"}})", "n.observedAt"},
                        row{R"({"id": "urn:a:1", "type": "A", "n": {"value": 1, "s": {"value": 1, "unitCode": 5}}})", "n.s.unitCode"},
                        row{R"({"id": "urn:a:1", "type": "A", "l": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [200, 1]}}})",
                            "l.value.coordinates"}}) {
    try {
      read(r.text);
      ADD_FAILURE() << r.text;
    } catch (fault const& f) {
      EXPECT_EQ(f.member.substr(0, r.member.size()), r.member) << r.text;
      EXPECT_FALSE(f.clause.empty()) << r.text;
    }
  }
}

TEST(a_merge, goes_into_values_and_sub_attributes_and_null_removes) {
  auto e = read(R"({"id": "urn:a:1", "type": "A", "o": {"type": "Property", "value": {"x": 1, "y": {"z": 2}}, "unitCode": "MTR",
                    "s": {"type": "Property", "value": 1}}, "gone": 5})");
  merge(e, parse_entity(json::parse(R"({"o": {"value": {"y": {"w": 3}, "x": "urn:ngsi-ld:null"}, "s": 2}, "gone": "urn:ngsi-ld:null", "new": 7})"),
                        *core_context()));
  EXPECT_EQ(shown(e), json::parse(R"({"id": "urn:a:1", "type": "A",
    "o": {"type": "Property", "value": {"y": {"z": 2, "w": 3}}, "unitCode": "MTR", "s": {"type": "Property", "value": 2}},
    "new": {"type": "Property", "value": 7}})"));
}

TEST(an_append, leaves_what_is_there_when_told_to) {
  auto e = read(R"({"id": "urn:a:1", "type": "A", "n": 5})");
  auto const result = append(e, parse_entity(json::parse(R"({"n": 6, "m": 7})"), *core_context()), false);
  EXPECT_EQ(result.updated.size(), 1u);
  EXPECT_EQ(result.not_updated.size(), 1u);
  EXPECT_EQ(e.attributes[0]->value, json::value(5));
}

TEST(a_language, is_chosen_as_the_reader_wishes) {
  auto const map = json::parse(R"({"de": "Raum", "en-GB": "Room", "fr": "Salle"})");
  EXPECT_EQ(choose_language(map, "fr;q=0.5, en;q=0.9"), "en-GB");
  EXPECT_EQ(choose_language(map, "de-AT"), "de");
  EXPECT_EQ(choose_language(map, "it"), "de");
}

}  // namespace
}  // namespace dos::linked_data
