// The contexts that requests name: preloaded, hosted here, or fetched once and kept. ETSI GS CIM 009, 5.13
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/fault.h"
#include "base/json_ld.h"
#include "base/record_collection.h"
#include "contract/contract.h"

namespace dos::linked_data {

inline constexpr std::size_t context_bytes_max = 4 << 20;
inline constexpr std::size_t cached_contexts_max = 2'000;
inline constexpr std::size_t cached_bytes_max = 64 << 20;      // of all copies, as text
inline constexpr std::size_t compiled_terms_max = 1'000'000;  // of all contexts ready to use
inline constexpr std::int64_t fetching_us_max = 15'000'000;   // for all that one request names
inline constexpr auto context_collection = record_collection{"ngsi_ld_context", "linked_data", "local id"};  // hosted ones

struct cached_context {
  std::string local_id;
  std::shared_ptr<json::value const> document;
  timestamp created_at;
  bool is_implicit = false;
  std::size_t bytes = 0;
};

struct context_usage {
  timestamp last = no_time;
  std::uint64_t hits = 0;
};

class context_store {
 public:
  // Reads the files of configuration `contexts` (URL -> path) and `default_context` (path, of each city: in its profile, else
  // in the configuration). Faults: invalid with the file.
  explicit context_store(node& n);

  using use = std::function<void(context_ptr)>;
  using failure = std::function<void(fault)>;
  // At once and on this thread when all documents are at hand, otherwise later on another one. A document that cannot be had,
  // or not within fetching_us_max, is a fault of kind bad_gateway (LdContextNotAvailable); other faults come the same way.
  void resolve(session const& s, json::value const& local, use then, failure otherwise);

  // What holds where a request to a city names no context: its names, the URL that answers give, the document (the core's
  // when none is configured).
  struct usual {
    context_ptr names;
    std::string url;
    std::shared_ptr<json::value const> document;
  };
  // With the names of the city's packages; what was given stays as it is for as long as the program runs.
  usual const& usual_of(city const& c) const;

  // The URL that stands for an "@context" value in a Link header; an inline one is kept here under a URL of its own.
  std::string url_of(city const& c, json::value const& local);
  std::string url_of_hosted(city const& c, std::string_view local_id) const;

  std::map<std::string, cached_context> cached() const;  // by URL
  context_usage usage_of(std::string const& url) const;
  bool forget(std::string_view url_or_id);
  void forget_compiled();  // a hosted context has changed
  void fetch(std::string const& url, std::function<void()> then, failure otherwise);  // anew; once for all who ask

 private:
  struct compiled {
    context_ptr context;
    std::vector<std::string> urls;  // of all documents in it
  };
  struct waiting {
    std::function<void()> then;
    failure otherwise;
  };
  struct usual_of_city {
    json::value of_file;
    // Each with the record of the packages' names that it was made of; the last holds now.
    std::vector<std::pair<record_ptr, std::unique_ptr<usual const>>> all;
  };
  usual read_usual(std::string const& path, std::string url);
  std::string key_of(city const& c, json::value const& local) const;
  usual with_packages(city const& c, json::value const& of_file, json::value const& current) const;
  // The document that a city's packages made, under its digest.
  std::shared_ptr<json::value const> find_package_context(session const& s, std::string_view url) const;
  std::string base_of(city const& c) const;
  // Where a hosted context is kept that has this URL, and its id there; nothing when it is not hosted here.
  std::optional<std::pair<std::shared_ptr<city>, std::string>> find_hosted(session const& s, std::string_view url) const;
  std::shared_ptr<json::value const> load(session const& s, std::string const& url);
  void count_use(std::vector<std::string> const& urls);  // under lock_
  void keep(std::string const& url, json::value document, std::size_t bytes, bool is_implicit);
  void drop_least_used();  // under lock_
  void keep_compiled(std::string key, compiled c);
  void try_again(session const& s, std::shared_ptr<json::value const> local, use then, failure otherwise, timestamp until);
  void came_in(std::string const& url, outbound_response const& r);

  node& node_;
  bool fetches_;
  std::map<std::string, std::shared_ptr<json::value const>, std::less<>> preloaded_;
  mutable std::mutex usual_lock_;
  mutable std::map<std::string, usual_of_city, std::less<>> usual_;  // by city

  mutable std::mutex lock_;
  std::map<std::string, cached_context, std::less<>> cached_;
  std::unordered_map<std::string, context_usage> usage_;
  std::unordered_map<std::string, compiled> compiled_;
  std::size_t cached_bytes_ = 0;
  std::size_t compiled_terms_ = 0;
  std::map<std::string, std::vector<waiting>> fetched_for_;  // by URL: who waits for it
};

}  // namespace dos::linked_data
