// The words of a mapping are told in three places: by the program, the manual and the interface description.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "base/fault.h"
#include "base/text.h"
#include "base/yaml.h"
#include "ingest/files/mapping.h"

namespace dos::files {
namespace {

// What a mapping knows there, told by its own refusal.
std::set<std::string> words_at(std::string const& yaml) {
  auto words = std::set<std::string>();
  try {
    parse_mapping(parse_yaml(yaml));
  } catch (fault const& f) {
    auto const known = std::string_view(f.detail).substr(f.detail.find("known here: ") + 12);
    for (auto const word : text::split(known, ',')) words.emplace(text::trim(word));
  }
  return words;
}

std::set<std::string> described(json::value const& schema) {
  auto words = std::set<std::string>();
  for (auto const& m : schema.find("properties")->as_object()) words.insert(m.key);
  return words;
}

std::string content_of_file(std::string const& name) {
  auto in = std::ifstream(std::string(DOS_SOURCE_DIR) + name);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(mapping_words, stand_in_the_interface_description_and_the_manual) {
  auto const described_interface = parse_yaml(content_of_file("/openapi/files.yaml"));
  auto const& schemas = *described_interface.find("components")->find("schemas");
  auto const& all = *schemas.find("Mapping");
  auto const* const properties = all.find("properties");
  auto const start = std::string("{source: {format: csv}, entity: {type: T, id: 'urn:{a}'}, ");
  auto const in = [&](char const* name) -> json::value const& { return *properties->find(name); };
  struct row {
    std::string yaml;
    json::value const& schema;
  };
  auto const manual = content_of_file("/docs/imports.md");
  for (auto const& r : {row{"{nonsense: 1}", all}, row{"{source: {format: csv, nonsense: 1}}", in("source")},
                        row{"{source: {format: csv}, entity: {nonsense: 1}}", in("entity")},
                        row{start + "attributes: [{nonsense: 1}]}", *schemas.find("MappingAttribute")},
                        row{start + "observed_at: {nonsense: 1}}", schemas.find("MappingTime")->find("oneOf")->as_array()[1]},
                        row{start + "location: {nonsense: 1}}", in("location").find("oneOf")->as_array()[1]},
                        row{"{source: {format: csv}, each_column: {nonsense: 1}}", in("each_column")},
                        row{"{source: {format: csv}, table: {nonsense: 1}}", in("table")}}) {
    auto const known = words_at(r.yaml);
    EXPECT_EQ(known, described(r.schema)) << r.yaml;
    for (auto const& word : known) EXPECT_NE(std::string::npos, manual.find(word)) << "docs/imports.md says nothing of " << word;
  }
}

}  // namespace
}  // namespace dos::files
