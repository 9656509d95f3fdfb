// What short names mean in a city: its default context, which holds wherever nobody names another, and the names that its
// packages have brought. The doors of standards, files and devices all ask here.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/record_collection.h"
#include "base/terms.h"
#include "contract/contract.h"

namespace dos {

// Records: "current" is {digest, terms}, all names that packages ever brought here, which mean the same for ever; DIGEST is a
// document {"@context": …} as it was served under that name.
inline constexpr auto package_context_collection = record_collection{"package_context", "contract", "current, or the digest of a document"};
inline constexpr std::string_view current_context = "current";

// The document of a city: {"@context": …} of the file with these terms added; `terms` may be nothing.
json::value context_document(json::value const& of_file, json::value const* terms);
std::string context_digest(json::value const& document);

// The names of all cities (node::default_context_file), read once; those of packages when they come. Faults: invalid or
// malformed, with the file.
class city_names {
 public:
  explicit city_names(node const& n);

  // As long as the program runs: packages that bring names later leave it as it is and make another.
  terms const& of(city const& c) const;

 private:
  struct generation {
    record_ptr current;  // of which it was made
    std::unique_ptr<terms const> names;
  };
  struct names_of_city {
    json::value of_file;
    std::vector<generation> all;  // the last holds now
  };
  struct table {
    std::mutex lock;
    std::map<std::string, names_of_city, std::less<>> by_city;
    terms others;  // of a city that has no words
  };
  std::shared_ptr<table> table_;
};

}  // namespace dos
