// The packages that come with the program: measures/*/ and modules/*/ of its share folder, read once.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "package/bundle.h"
#include "package/compile.h"

namespace dos::package {

class library {
 public:
  // `resources`: the folder with measures/ and modules/; where there are none, the library is empty. Never throws for a
  // package: what is wrong with one is told by problems().
  explicit library(std::string const& resources);

  schemas const& rules() const { return schemas_; }
  bundle_ptr find(std::string_view id) const;  // whole ones only
  std::map<std::string, bundle_ptr, std::less<>> const& all() const { return packages_; }
  // By where it lies: "measures/x".
  std::map<std::string, dos::package::problems> const& wrong() const { return wrong_; }

  // Another one, or another version of one: "measures/x" of any folder.
  void add(std::string const& directory);
  // All of them together, as a city that has every one would see it: what is wrong, one line each.
  std::vector<std::string> check(surroundings const& around) const;

 private:
  schemas schemas_;
  std::map<std::string, bundle_ptr, std::less<>> packages_;
  std::map<std::string, dos::package::problems> wrong_;
  std::map<std::string, std::string> homes_;  // by id
};

// "modules/booking"
std::string home_of(bundle const& b);

}  // namespace dos::package
