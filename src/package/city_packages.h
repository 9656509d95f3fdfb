// Which packages one city uses, and how that changes: everything is durable in the city itself, so that a start reads no
// share folder. One change at a time.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/record_collection.h"
#include "contract/contract.h"
#include "kernel/city/city.h"
#include "package/compile.h"
#include "package/library.h"

namespace dos::package {

// Records. `package` by id: {digest, state, values, at, by, changed}; changed is the version of the registry.
inline constexpr auto package_collection = record_collection{"package", "package", "id"};
// By digest: {id, files}. Durable before anything names it.
inline constexpr auto content_collection = record_collection{"package_content", "package", "digest"};

// Changes that were asked for: {id, package, wish, state, at, by, …}; see changes.h.
inline constexpr auto job_collection = record_collection{"package_job", "package", "id"};

inline constexpr std::size_t packages_max = 200;  // of one city
inline constexpr std::size_t context_documents_max = 200;

// What somebody wants of one package.
struct wish {
  std::string id;
  std::optional<folder> content = {};    // none: what the city has, else what comes with the program
  bool take_installed = false;           // what comes with the program, also if the city has another one
  std::optional<json::value> values = {};  // none: they stay
  bool is_off = false;
  bool allows_modules = false;           // web/ of it may run in browsers
};

// How the city would be after some wishes.
struct plan {
  std::vector<member_package> members;            // all, in order
  std::map<std::string, json::value> records;     // of those that change, by id
  std::map<std::string, json::value> contents;    // that are not in the city yet, by digest
  compiled made;
  std::map<std::string, problems> wrong;          // not empty: nothing may come of it
  std::uint32_t before = 0, after = 0;            // versions of the registry
};

class city_packages {
 public:
  city_packages(node const& n, library const& l, std::shared_ptr<city> c);

  dos::city& where() const { return *city_; }
  std::shared_ptr<dos::city> const& shared_city() const { return city_; }

  // Before the first write: what the records say holds. Faults: invalid, with package, file and line, when they can no longer
  // be understood; without its guards a city must not run.
  void begin();

  // Faults: not_found for a package that nobody has, too_many.
  plan make_plan(std::vector<wish> const& wishes, std::string const& by) const;
  // What is in the plan becomes true, in one write. Faults: conflict when something else has changed in the meantime.
  void put_in_force(plan const& p) const;
  void keep_contents(plan const& p) const;
  // Entities that a package needs to exist, where they do not. What cannot be is told, and no reason to go back.
  problems plant(plan const& p) const;
  // The registry of both versions, for while entities move from one to the other.
  model::registry_ptr of_both(plan const& p) const;

  // What other modules read: device profiles, codecs, mappings; see contract/package_files.h. Off freezes, so that it stays. Any thread.
  package_files_ptr files() const;

  record_ptr record_of(std::string_view id) const { return city_->find_record(package_collection, id); }
  bundle_ptr bundle_of(json::value const& record) const;

 private:
  std::vector<std::pair<std::string, record_ptr>> records() const;
  surroundings around() const;
  void set_files(std::vector<member_package> const& members) const;
  session writer() const { return node_.as_source(city_, "packages"); }

  node const& node_;
  library const& library_;
  std::shared_ptr<city> city_;
  json::value context_of_file_;
  mutable std::mutex lock_;
  mutable std::map<std::string, bundle_ptr> read_;  // by digest and values
  mutable package_files_ptr files_ = std::make_shared<package_files const>();
};

// Of several packages: "modules/booking/models/x.yaml:3: …", one each.
problems with_homes(std::map<std::string, problems> const& wrong, std::vector<member_package> const& members);

}  // namespace dos::package
