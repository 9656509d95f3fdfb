// Lists: filter, order, pages whose links go on behind the last entity seen, however many come or go meanwhile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "standard/sensorthings/candidates.h"
#include "standard/sensorthings/evaluator.h"
#include "standard/sensorthings/options.h"
#include "standard/sensorthings/reader.h"

namespace dos::sensorthings {

struct collection {
  kind what = kind::thing;
  std::optional<item> from;  // and where it comes from; nothing: all there are
  navigation const* by = nullptr;
};

struct page {
  std::vector<item> items;
  std::optional<std::uint64_t> count;
  std::string next;  // token; empty at the end
};

class lister {
 public:
  lister(reader const& r, limits const& l) : reader_(r), limits_(l), evaluate_(r), candidates_(r, l.candidates_max) {}

  page list(collection c, query_options const& o) const;
  std::uint64_t count(collection const& c, query_options const& o) const;
  // Calls for everything that matches, without pages, in the natural order.
  void for_each(collection const& c, query_options const& o, visitor const& visit) const;

 private:
  void stream(collection const& c, expression const* filter, std::uint64_t from_id, time_bounds const& bounds,
              visitor const& visit) const;
  void for_each_datastream(expression const* filter, visitor const& visit) const;
  page in_natural_order(collection const& c, query_options const& o, time_bounds bounds, std::size_t size) const;
  page in_order(collection const& c, query_options const& o, time_bounds const& bounds, std::size_t size) const;

  reader const& reader_;
  limits const& limits_;
  evaluator evaluate_;
  candidates candidates_;
};

}  // namespace dos::sensorthings
