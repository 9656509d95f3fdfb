// The mappings that a city can import with: those that come with the program, and its own.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/record_collection.h"
#include "ingest/files/mapping.h"
#include "kernel/city/session.h"

namespace dos::files {

// Records of a city's own mappings by name, as they were declared. One of these beats a built-in one of the same name.
inline constexpr auto mapping_collection = record_collection{"import_mapping", "ingest/files", "name"};
inline constexpr std::size_t mappings_max = 200;  // of a city's own

class mappings {
 public:
  // Those of all packages of the share folder: RESOURCES/modules/*/mappings, RESOURCES/measures/*/mappings. Faults: invalid, with the
  // file.
  explicit mappings(std::string const& resources);

  // As declared. Nothing when there is none.
  std::shared_ptr<json::value const> find_declaration(session const& s, std::string_view name) const;
  std::shared_ptr<mapping const> get(session const& s, std::string_view name) const;  // faults: not_found
  std::map<std::string, std::shared_ptr<json::value const>> all(session const& s) const;
  bool is_built_in(std::string_view name) const { return built_in_.find(name) != built_in_.end(); }

 private:
  void read(std::string const& directory);

  std::map<std::string, std::shared_ptr<json::value const>, std::less<>> built_in_;
};

}  // namespace dos::files
