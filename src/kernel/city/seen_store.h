// A store of entities as somebody sees it: that of the city, or the image of another moment.
#pragma once

#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/graph/entity_store.h"
#include "kernel/model/view.h"

namespace dos {

class seen_store {
 public:
  seen_store(entity_store const& of, model::view_ptr v) : of_(of), view_(std::move(v)) {}

  entity_ptr find(std::string_view id) const;  // deleted ones too
  entity_store::page find(query::query const& q) const;
  void for_each(query::query const& q, std::function<bool(entity_ptr const&)> const& visit) const;
  std::vector<series_ref> series_of(std::string_view id) const;
  std::optional<entity_store::owned_series> find_series(std::uint64_t number) const;
  std::vector<std::pair<symbol, std::size_t>> types() const;
  std::vector<std::pair<symbol, std::size_t>> attributes_of(symbol type) const;

 private:
  entity_store const& of_;
  model::view_ptr view_;
};

}  // namespace dos
