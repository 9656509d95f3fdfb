// A package as it was read: its documents, each checked against its schema, with the values of a city put in.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "package/folder.h"
#include "package/problem.h"
#include "package/schema.h"

namespace dos::package {

struct bundle {
  std::string id;
  bool is_measure = false;
  std::string digest;
  folder files;
  json::value head;                               // measure.yaml or module.yaml
  std::map<std::string, json::value> documents;   // others that have a schema, by path: "models/booking.yaml"
  bool has_modules = false;                       // web/: runs in browsers, only where an administrator allows it

  std::vector<std::string> needs() const;
  bool is_default() const;  // active wherever a city does not say otherwise
  // Of one folder, "models/", in the order of names.
  std::vector<std::pair<std::string_view, json::value const*>> in(std::string_view folder) const;
  // Where a member stands.
  problem at(std::string_view path, std::string member, std::string text) const;
};
using bundle_ptr = std::shared_ptr<bundle const>;

// `values`: what a city fills in (an object or null); a text "$value.NAME" stands for it. What is wrong is added to `wrong`;
// what comes back is whole only if that stayed empty.
bundle read_bundle(folder f, schemas const& s, json::value const& values, problems& wrong);

}  // namespace dos::package
