#include "base/terms.h"

#include <gtest/gtest.h>

namespace dos {
namespace {

TEST(a_term, stands_for_what_the_context_says_and_else_belongs_to_the_default_vocabulary) {
  auto const words = terms(json::parse(R"({"@context": {
      "dm": "https://example.org/model#", "LAeq": "dm:LAeq", "name": {"@id": "https://schema.org/name"},
      "location": "https://example.org/mine", "status": "https://example.org/model#status", "@version": 1.1}})"));
  EXPECT_EQ("https://example.org/model#LAeq", words.iri("LAeq"));
  EXPECT_EQ("https://schema.org/name", words.iri("name"));
  EXPECT_EQ("https://uri.etsi.org/ngsi-ld/default-context/co3", words.iri("co3"));
  EXPECT_EQ("https://uri.etsi.org/ngsi-ld/location", words.iri("location"));
  EXPECT_EQ("https://uri.etsi.org/ngsi-ld/status", words.iri("status"));
  EXPECT_EQ("urn:x:y", words.iri("urn:x:y"));
}

TEST(an_iri, is_said_in_the_shortest_way) {
  auto const words = terms(json::parse(R"({"LAeq": "https://example.org/model#LAeq"})"));
  EXPECT_EQ("LAeq", words.term("https://example.org/model#LAeq"));
  EXPECT_EQ("co3", words.term("https://uri.etsi.org/ngsi-ld/default-context/co3"));
  EXPECT_EQ("https://example.org/unknown", words.term("https://example.org/unknown"));
}

TEST(a_term, of_the_core_means_what_the_door_of_ngsi_ld_means) {
  auto const words = terms(json::parse(R"({"mode": "https://example.org/mode"})"));
  for (auto const* const name : {"mode", "error", "values", "endpoint", "Feature", "status", "description", "temperature"}) {
    EXPECT_EQ(core_context()->expand(name), terms().iri(name));
    EXPECT_EQ(core_context()->expand(name), words.iri(name));
    EXPECT_EQ(name, words.term(words.iri(name)));
  }
}

}  // namespace
}  // namespace dos
