#include "ingest/files/mappings.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/fault.h"
#include "base/yaml.h"

namespace dos::files {

mappings::mappings(std::string const& resources) {
  for (auto const* const kind : {"/modules", "/measures"}) {
    auto error = std::error_code();
    for (auto const& package : std::filesystem::directory_iterator(resources + kind, error)) read(package.path().string() + "/mappings");
  }
}

void mappings::read(std::string const& directory) {
  auto error = std::error_code();
  for (auto const& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() != ".yaml") continue;
    auto in = std::ifstream(entry.path(), std::ios::binary);
    auto text = std::ostringstream();
    text << in.rdbuf();
    try {
      auto declaration = std::make_shared<json::value const>(parse_yaml(text.str()));
      built_in_.emplace(parse_mapping(*declaration).name, declaration);
    } catch (fault const& f) {
      throw fault(fault_kind::invalid, entry.path().string() + ": " + f.detail, f.member);
    }
  }
}

std::shared_ptr<json::value const> mappings::find_declaration(session const& s, std::string_view name) const {
  if (auto own = s.find_record(mapping_collection, name)) return own;
  auto const found = built_in_.find(name);
  return found == built_in_.end() ? nullptr : found->second;
}

std::shared_ptr<mapping const> mappings::get(session const& s, std::string_view name) const {
  auto const declaration = find_declaration(s, name);
  require(declaration != nullptr, fault_kind::not_found, "there is no mapping \"" + std::string(name) + "\"");
  return std::make_shared<mapping const>(parse_mapping(*declaration));
}

std::map<std::string, std::shared_ptr<json::value const>> mappings::all(session const& s) const {
  auto result = std::map<std::string, std::shared_ptr<json::value const>>(built_in_.begin(), built_in_.end());
  s.for_each_record(mapping_collection, "", [&](std::string_view name, record_ptr const& record) {
    result[std::string(name)] = record;
    return true;
  });
  return result;
}

}  // namespace dos::files
