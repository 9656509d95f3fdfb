// Which items can satisfy a filter, found by the indexes of the kernel and by the ways back from what a path leads to,
// so that a list looks at these instead of at all there are.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "standard/sensorthings/conditions.h"
#include "standard/sensorthings/reader.h"

namespace dos::sensorthings {

class candidates {
 public:
  // `most`: beyond so many a walk over all is no slower.
  candidates(reader const& r, std::size_t most)
      : asker_(r), reader_(r.through_references()), conditions_(reader_.who(), r.words()), most_(most) {}

  // The numbers of all that can be in the list, ascending, and maybe of others; of observations those of their
  // datastreams. Nothing when it can't be told, or when they are too many.
  std::optional<std::vector<std::uint64_t>> find(kind k, expression const& filter) const;

 private:
  using numbers = std::optional<std::vector<std::uint64_t>>;

  numbers find(kind k, expression const& e, std::string_view variable) const;
  numbers by_part(kind k, expression const& e, std::string_view variable) const;
  numbers by_question(kind k, question q) const;
  numbers by_entity(kind k, query::query q) const;
  numbers by_name(kind k, question const& q) const;
  numbers back(kind k, navigation const& n, numbers const& found) const;

  reader const& asker_;
  reader reader_;  // sees more: what a list shows is decided when it is shown
  conditions conditions_;
  std::size_t most_;
};

}  // namespace dos::sensorthings
