// Packages to what the kernel enforces: types, roles, conditions. All sense is checked here, what is wrong is told with
// file, line and member; nothing comes of packages with faults.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_ld.h"
#include "kernel/model/registry.h"
#include "package/bundle.h"
#include "package/problem.h"

namespace dos::package {

// One package of those that are compiled together.
struct member_package {
  bundle_ptr what;
  std::uint32_t changed = 0;  // the version of the registry in which it last changed
  bool is_off = false;        // frozen: guards and rights stay in force, deadlines wait
};

struct surroundings {
  json::value context;                       // what names mean that no package says: the value of "@context"; may be null
  std::map<std::string, std::string> terms;  // what they have meant once, for ever
};

struct compiled {
  model::registry_ptr registry;
  std::map<std::string, std::string> terms;  // every name that the packages use, with its IRI
  std::map<std::string, std::vector<std::pair<symbol, symbol>>> renamed;  // by type IRI: attributes, before and now
  std::map<std::string, problems> wrong;     // by package; of none that could be named: ""

  bool is_whole() const { return registry != nullptr; }
};

compiled compile(std::vector<member_package> const& packages, surroundings const& around);

// Those that `ids` need, before those that need them; without an end where needs go round. Names in `missing` what is
// needed and not there, with who needs it.
std::vector<std::string> in_order(std::vector<std::string> const& ids, std::function<bundle const*(std::string_view id)> const& find,
                                  std::map<std::string, problems>& wrong);

}  // namespace dos::package
