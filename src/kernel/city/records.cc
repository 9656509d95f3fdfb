#include "kernel/city/records.h"

#include <mutex>
#include <utility>
#include <vector>

namespace dos {

void record_table::put(std::string_view collection, std::string_view key, record_ptr r) {
  auto const lock = std::unique_lock(mutex_);
  auto it = collections_.find(collection);
  if (it == collections_.end()) {
    if (!r) return;
    it = collections_.emplace(collection, collection_map()).first;
  }
  if (r) it->second.insert_or_assign(std::string(key), std::move(r));
  else if (auto const found = it->second.find(key); found != it->second.end()) it->second.erase(found);
}

record_ptr record_table::find(std::string_view collection, std::string_view key) const {
  auto const lock = std::shared_lock(mutex_);
  auto const it = collections_.find(collection);
  if (it == collections_.end()) return nullptr;
  auto const found = it->second.find(key);
  return found == it->second.end() ? nullptr : found->second;
}

void record_table::for_each(std::string_view collection, std::string_view from,
                            std::function<bool(std::string_view key, record_ptr const&)> const& visit) const {
  constexpr std::size_t slice_max = 256;  // copied under the lock at a time
  auto next = std::string(from);
  for (;;) {
    auto slice = std::vector<std::pair<std::string, record_ptr>>();
    {
      auto const lock = std::shared_lock(mutex_);
      auto const it = collections_.find(collection);
      if (it == collections_.end()) return;
      for (auto r = it->second.lower_bound(next); r != it->second.end() && slice.size() < slice_max; ++r) slice.push_back(*r);
    }
    for (auto const& [key, r] : slice) {
      if (!visit(key, r)) return;
    }
    if (slice.size() < slice_max) return;
    next = slice.back().first + '\0';
  }
}

std::size_t record_table::count(std::string_view collection) const {
  auto const lock = std::shared_lock(mutex_);
  auto const it = collections_.find(collection);
  return it == collections_.end() ? 0 : it->second.size();
}

std::size_t record_table::size() const {
  auto const lock = std::shared_lock(mutex_);
  auto n = std::size_t(0);
  for (auto const& [name, records] : collections_) n += records.size();
  return n;
}

std::map<std::string, record_table::collection_map, std::less<>> record_table::copy() const {
  auto const lock = std::shared_lock(mutex_);
  return collections_;
}

}  // namespace dos
