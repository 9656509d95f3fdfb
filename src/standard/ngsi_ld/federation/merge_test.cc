#include "standard/ngsi_ld/federation/merge.h"

#include <gtest/gtest.h>

#include "base/fault.h"

namespace dos::ngsi_ld {
namespace {

entity_part part(std::string_view attributes, bool is_auxiliary = false) {
  auto const text = R"({"id":"urn:b:1","type":"Bin")" + std::string(attributes.empty() ? "" : ",") + std::string(attributes) + "}";
  return {make_ref<entity>(parse_remote_entity(json::parse(text), *core_context())), is_auxiliary};
}

std::string level_of(entity_ptr const& e, std::string_view dataset = "") {
  if (!e) return "no entity";
  auto const a = e->find(core_context()->expand_to_symbol("level"), dataset.empty() ? symbol() : symbol(dataset));
  return a ? json::to_string(a->value) : "none";
}

constexpr auto now = timestamp{1'700'000'000 * us_per_second};

constexpr auto level_1_early = R"("level":{"type":"Property","value":1,"observedAt":"2023-01-01T00:00:00Z"})";
constexpr auto level_2_late = R"("level":{"type":"Property","value":2,"observedAt":"2023-01-02T00:00:00Z"})";
constexpr auto level_3_changed = R"("level":{"type":"Property","value":3,"modifiedAt":"2023-03-01T00:00:00Z"})";
constexpr auto level_4_changed_later = R"("level":{"type":"Property","value":4,"modifiedAt":"2023-03-02T00:00:00Z"})";

TEST(parts_of_an_entity, agree_on_the_value_that_was_observed_last) {
  EXPECT_EQ("2", level_of(merge_parts({part(level_1_early), part(level_2_late)}, now)));
  EXPECT_EQ("2", level_of(merge_parts({part(level_2_late), part(level_1_early)}, now)));
}

TEST(parts_of_an_entity, agree_on_the_value_that_was_changed_last_when_nobody_observed) {
  EXPECT_EQ("4", level_of(merge_parts({part(level_3_changed), part(level_4_changed_later)}, now)));
  EXPECT_EQ("4", level_of(merge_parts({part(level_4_changed_later), part(level_3_changed)}, now)));
}

TEST(parts_of_an_entity, leave_ours_where_no_time_decides) {
  EXPECT_EQ("5", level_of(merge_parts({part(R"("level":5)"), part(R"("level":6)")}, now)));
}

TEST(parts_of_an_entity, keep_instances_of_different_datasets_side_by_side) {
  auto const e = merge_parts({part(R"("level":5)"), part(R"("level":{"type":"Property","value":7,"datasetId":"urn:d:1"})")}, now);
  EXPECT_EQ("5", level_of(e));
  EXPECT_EQ("7", level_of(e, "urn:d:1"));
}

TEST(an_auxiliary_source, adds_what_is_missing_and_never_overrides) {
  auto const e = merge_parts({part(level_2_late, true), part(level_1_early)}, now);
  EXPECT_EQ("1", level_of(e));
  EXPECT_EQ("2", level_of(merge_parts({part(R"("colour":"red")"), part(level_2_late, true)}, now)));
}

TEST(an_entity_that_has_expired, is_no_part_of_the_whole) {
  auto const gone = part(R"("expiresAt":"2020-01-01T00:00:00Z","level":9)");
  EXPECT_EQ("no entity", level_of(merge_parts({gone}, now)));
  EXPECT_EQ("1", level_of(merge_parts({gone, part(level_1_early)}, now)));
}

TEST(types_and_scopes, of_all_parts_hold_for_the_whole) {
  auto other = entity(*part(R"("scope":"/b")").entity);
  other.types = {symbol("Tree")};
  auto const e = merge_parts({part(R"("scope":"/a")"), {make_ref<entity>(std::move(other)), false}}, now);
  EXPECT_EQ(2u, e->types.size());
  EXPECT_EQ((std::vector<symbol>{symbol("/a"), symbol("/b")}), e->scopes);
}

TEST(an_answer_of_another_broker, is_refused_when_it_is_no_entity) {
  EXPECT_THROW(parse_remote_entity(json::parse(R"({"id":"no uri","type":"Bin"})"), *core_context()), fault);
  EXPECT_THROW(parse_remote_entity(json::parse(R"([1])"), *core_context()), fault);
}

}  // namespace
}  // namespace dos::ngsi_ld
