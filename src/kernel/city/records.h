// Documents of the platform itself, by collection and key, all in memory. One writer, many readers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "base/json.h"

namespace dos {

using record_ptr = std::shared_ptr<json::value const>;

class record_table {
 public:
  void put(std::string_view collection, std::string_view key, record_ptr r);  // nothing: erase
  record_ptr find(std::string_view collection, std::string_view key) const;
  // In the order of keys; `visit` is called without a lock and may read again.
  void for_each(std::string_view collection, std::string_view from,
                std::function<bool(std::string_view key, record_ptr const&)> const& visit) const;
  std::size_t count(std::string_view collection) const;
  std::size_t size() const;

  using collection_map = std::map<std::string, record_ptr, std::less<>>;
  std::map<std::string, collection_map, std::less<>> copy() const;

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, collection_map, std::less<>> collections_;
};

}  // namespace dos
