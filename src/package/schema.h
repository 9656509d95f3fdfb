// Documents against JSON Schema 2020-12: the keywords that measures/schema uses, and no others.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "kernel/graph/pattern.h"

namespace dos::package {

inline constexpr std::size_t violations_max = 50;  // told of one document

struct violation {
  std::string member;  // "attributes.startsAt.is", "constraints[0]"; empty: the document itself
  std::string text;
};

class schemas {
 public:
  // DIRECTORY/*.json. Faults: invalid, with the file, for what is no schema or has a keyword that is not understood.
  explicit schemas(std::string const& directory);

  // `name`: a file, "model.json". What is wrong, at most violations_max.
  std::vector<violation> check(std::string_view name, json::value const& document) const;

 private:
  std::map<std::string, json::value, std::less<>> documents_;
  std::map<std::string, std::shared_ptr<query::pattern const>, std::less<>> patterns_;
};

}  // namespace dos::package
