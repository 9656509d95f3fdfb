#include "standard/ngsi_ld/federation/context_source.h"

#include <gtest/gtest.h>

#include "base/fault.h"

namespace dos::ngsi_ld {
namespace {

source registered(std::string_view information, std::string_view more = "") {
  return compile_source(json::parse(R"({"id":"urn:x:r","type":"ContextSourceRegistration","endpoint":"http://b:1/ngsi-ld/v1/","information":)" +
                                    std::string(information) + std::string(more) + "}"));
}

constexpr auto whole_bins = R"([{"entities":[{"type":"Bin"}]}])";
constexpr auto level_of_one = R"([{"entities":[{"id":"urn:b:1","type":"Bin"}],"propertyNames":["level"]}])";
constexpr auto patterns = R"([{"entities":[{"idPattern":"^urn:b:","type":"Bin"}]}])";

std::string drawn(std::optional<coverage> const& c) {
  if (!c) return "nothing";
  if (c->whole) return "all";
  auto out = std::string();
  for (auto const a : c->attributes) out += (out.empty() ? "" : ",") + std::string(a.text());
  return out;
}

TEST(a_context_source, gets_the_part_of_an_entity_that_it_has_registered) {
  struct row {
    std::string_view information, id, type, expected;
  };
  for (auto const& r : {row{whole_bins, "urn:b:1", "Bin", "all"}, row{whole_bins, "urn:b:1", "Tree", "nothing"},
                        row{level_of_one, "urn:b:1", "Bin", "level"}, row{level_of_one, "urn:b:2", "Bin", "nothing"},
                        row{patterns, "urn:b:9", "Bin", "all"}, row{patterns, "urn:c:9", "Bin", "nothing"}}) {
    SCOPED_TRACE(std::string(r.information) + " " + std::string(r.id));
    auto const c = coverage_of(registered(r.information), r.id, {symbol(r.type)}, {symbol("level"), symbol("colour")});
    EXPECT_EQ(r.expected, drawn(c));
  }
}

TEST(a_context_source, whose_type_is_not_known_is_found_by_id) {
  EXPECT_EQ("level", drawn(coverage_of(registered(level_of_one), "urn:b:1", {}, {symbol("level")})));
}

TEST(a_question_to_a_source, never_asks_for_more_than_it_registered) {
  auto const s = registered(level_of_one);
  auto const q = questions_for(s, {{}, {}, {}, {{symbol("Bin")}, {symbol("Tree")}}, {}});
  ASSERT_EQ(1u, q.size());
  EXPECT_EQ(std::vector<std::string>{"urn:b:1"}, q[0].ids);
  EXPECT_EQ((query::type_selection{{symbol("Bin")}}), q[0].types);
  EXPECT_EQ(std::vector<symbol>{symbol("level")}, q[0].attributes);
}

TEST(a_question_to_a_source, is_not_asked_where_type_id_or_attribute_cannot_fit) {
  EXPECT_TRUE(questions_for(registered(whole_bins), {{}, {}, {}, {{symbol("Tree")}}, {}}).empty());
  EXPECT_TRUE(questions_for(registered(level_of_one), {{"urn:b:2"}, {}, {}, {}, {}}).empty());
  EXPECT_TRUE(questions_for(registered(level_of_one), {{}, {}, {}, {}, {symbol("colour")}}).empty());
}

TEST(a_question_to_a_source, with_ids_and_a_registered_pattern_names_the_ids_that_fit) {
  auto const q = questions_for(registered(patterns), {{"urn:b:1", "urn:c:1"}, {}, {}, {{symbol("Bin")}}, {}});
  ASSERT_EQ(1u, q.size());
  EXPECT_EQ(std::vector<std::string>{"urn:b:1"}, q[0].ids);
  EXPECT_TRUE(q[0].pattern.empty());
}

TEST(operations_of_a_source, are_those_of_a_federation_when_none_are_named) {
  auto const s = registered(whole_bins);
  EXPECT_TRUE(s.supports(source_op::query_entity));
  EXPECT_TRUE(s.supports(source_op::retrieve_entity));
  EXPECT_FALSE(s.supports(source_op::create_entity));
}

TEST(operations_of_a_source, may_be_named_in_groups_and_must_exist) {
  EXPECT_TRUE(registered(whole_bins, R"(,"operations":["redirectionOps"])").supports(source_op::create_entity));
  EXPECT_TRUE(registered(whole_bins, R"(,"operations":["deleteBatch"])").supports(source_op::delete_batch));
  EXPECT_THROW(registered(whole_bins, R"(,"operations":["everything"])"), fault);
}

TEST(the_endpoint_of_a_source, may_be_written_with_or_without_the_path_of_the_interface) {
  EXPECT_EQ("http://b:1", registered(whole_bins).endpoint);
}

}  // namespace
}  // namespace dos::ngsi_ld
