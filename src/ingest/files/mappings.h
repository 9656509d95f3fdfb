// The mappings that a city can import with: those of packages, and its own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/record_collection.h"
#include "contract/contract.h"
#include "ingest/files/mapping.h"
#include "kernel/city/session.h"

namespace dos::files {

// Records of a city's own mappings by name, as they were declared. One of these beats a built-in one of the same name.
inline constexpr auto mapping_collection = record_collection{"import_mapping", "ingest/files", "name"};
inline constexpr std::size_t mappings_max = 200;  // of a city's own

class mappings {
 public:
  // Those of packages: mappings/*.yaml. One that cannot be read is logged and left out.
  explicit mappings(node const& n) : node_(n) {}

  // As declared. Nothing when there is none.
  std::shared_ptr<json::value const> find_declaration(session const& s, std::string_view name) const;
  std::shared_ptr<mapping const> get(session const& s, std::string_view name) const;  // faults: not_found
  std::map<std::string, std::shared_ptr<json::value const>> all(session const& s) const;

 private:
  using by_name = std::map<std::string, std::shared_ptr<json::value const>, std::less<>>;
  struct read_packages {
    package_files_ptr files;
    std::shared_ptr<by_name const> declarations;
  };

  std::shared_ptr<by_name const> of_packages(std::string const& city) const;

  node const& node_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, read_packages> of_packages_;  // by city
};

}  // namespace dos::files
