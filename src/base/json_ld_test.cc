#include "base/json_ld.h"

#include <gtest/gtest.h>

#include "base/fault.h"

namespace dos {
namespace {

context_ptr with(std::string_view local) {
  return process_context(json::parse(local), core_context().get(), [](auto const&) { return nullptr; }).context;
}

TEST(context, names_without_a_term_live_in_the_default_vocabulary_and_come_back_short) {
  auto const core = core_context();
  EXPECT_EQ(core->expand("temperature"), "https://uri.etsi.org/ngsi-ld/default-context/temperature");
  EXPECT_EQ(core->compact("https://uri.etsi.org/ngsi-ld/default-context/temperature"), "temperature");
  EXPECT_EQ(core->expand("location"), "https://uri.etsi.org/ngsi-ld/location");
  EXPECT_EQ(core->compact("https://uri.etsi.org/ngsi-ld/location"), "location");
  EXPECT_EQ(core->expand("urn:a:b"), "urn:a:b");
}

TEST(context, a_term_of_the_user_wins_over_the_vocabulary_but_never_over_the_core) {
  auto const c = with(R"({"temperature": "https://city/temperature", "location": "https://city/location"})");
  EXPECT_EQ(c->expand("temperature"), "https://city/temperature");
  EXPECT_EQ(c->compact("https://city/temperature"), "temperature");
  EXPECT_EQ(c->expand("location"), "https://uri.etsi.org/ngsi-ld/location");
}

TEST(context, a_name_that_would_be_read_as_another_term_is_not_shortened_to_it) {
  auto const c = with(R"({"almostFull": "https://city/almostFull"})");
  EXPECT_EQ(c->compact("https://uri.etsi.org/ngsi-ld/default-context/almostFull"), "ngsi-ld:default-context/almostFull");
}

TEST(context, prefixes_aliases_and_types_are_read) {
  auto const c = with(R"({"city": "https://city/terms#", "gauge": "city:WaterGauge", "at": {"@id": "city:at", "@type": "@id"}})");
  EXPECT_EQ(c->expand("gauge"), "https://city/terms#WaterGauge");
  EXPECT_EQ(c->expand("city:level"), "https://city/terms#level");
  EXPECT_EQ(c->compact("https://city/terms#level"), "city:level");
  EXPECT_EQ(c->find("at")->type, "@id");
}

TEST(context, arrays_are_read_in_their_order_and_null_is_no_context) {
  auto const c = with(R"([{"a": "https://one/a"}, null, {"a": "https://two/a"}])");
  EXPECT_EQ(c->expand("a"), "https://two/a");
}

TEST(context, documents_that_are_not_at_hand_are_named) {
  auto const p = process_context(json::parse(R"(["https://x/c.jsonld", {"a": "https://one/a"}])"), core_context().get(),
                                 [](auto const&) { return nullptr; });
  EXPECT_FALSE(p.context);
  EXPECT_EQ(p.missing, std::vector<std::string>{"https://x/c.jsonld"});
}

TEST(context, loops_and_endless_nesting_are_refused) {
  auto const self = std::make_shared<json::value const>(json::parse(R"({"@context": "https://x/c"})"));
  EXPECT_THROW(process_context(json::value("https://x/c"), core_context().get(), [&](auto const&) { return self; }), fault);
  EXPECT_THROW(with(R"([[[[[[[[[[[[[{"a": "https://x/a"}]]]]]]]]]]]]])"), fault);
  EXPECT_THROW(with(R"({"a": "b:x", "b": "a:x"})"), fault);
  EXPECT_THROW(with("17"), fault);
}

TEST(context, names_that_no_iri_has_are_refused) {
  for (auto const name : {"", "a b", "a<b", "a\"b", "a{b}"}) EXPECT_THROW(core_context()->expand(name), fault) << name;
}

TEST(context, the_core_is_known_by_all_its_versions) {
  EXPECT_TRUE(is_core_context_url("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"));
  EXPECT_TRUE(is_core_context_url("http://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"));
  EXPECT_FALSE(is_core_context_url("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-non-existing.jsonld"));
}

}  // namespace
}  // namespace dos
