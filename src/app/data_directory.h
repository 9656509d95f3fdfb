// The folder that holds everything a node knows: format version, keys, and a folder for each city.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "contract/contract.h"
#include "kernel/access/token.h"
#include "kernel/vault/vault.h"

namespace dos::app {

class data_directory {
 public:
  // Creates what is missing. `keys`: the folder of keys, which never lies inside; empty: PATH.keys beside it. Faults: not_supported when
  // it was written by a newer program.
  explicit data_directory(std::string path, std::string keys = {});
  ~data_directory();
  data_directory(data_directory const&) = delete;

  // Only one program may serve a directory. Fault conflict when another one does.
  void lock();

  std::string const& path() const { return path_; }
  std::string const& keys_path() const { return keys_; }
  // The keys of people. Fault conflict when these data belong to other keys: their back-up has to be put in place first.
  std::shared_ptr<vault> open_vault() const;
  std::string city_path(std::string_view id) const;
  std::vector<city_profile> cities() const;  // by id
  void add_city(std::string const& file);    // a no-op when it is there already; its words are updated

  std::string token_key() const;  // made on first use, readable by the owner alone
  // Every token and session made before `now` ends, and the first administrator is asked for again.
  void replace_token_key(timestamp now) const;
  timestamp rotated_at() const;  // timestamp_min: never

  // Tokens that no city's register holds, because they were made by the command line or are for all cities: who has them,
  // for how long, never the tokens themselves. One file each below keys/issued.
  void note_issued(token const& t) const;
  std::vector<token> issued_tokens() const;  // what has expired is forgotten
  void forget_issued(std::string_view id) const;

  // The one-time link of a new node. `make` returns the code; `use` is true once for the right one.
  bool has_administrator() const;
  std::string make_first_code() const;
  bool use_first_code(std::string_view code) const;

 private:
  std::string path_, keys_;
  int lock_ = -1;
};

}  // namespace dos::app
