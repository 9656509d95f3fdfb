// What an expression says of an item.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "standard/sensorthings/operands.h"
#include "standard/sensorthings/reader.h"

namespace dos::sensorthings {

class evaluator {
 public:
  explicit evaluator(reader const& r) : reader_(r) {}

  bool holds(expression const& e, item const& i) const;
  // The first of the values, as it sorts: a span, or JSON that is neither list nor object; null where there is none.
  operand key_of(expression const& e, item const& i) const;

 private:
  using values = std::vector<operand>;
  using variables = std::vector<std::pair<std::string_view, item const*>>;

  // Nothing where nobody can know, as of a comparison with what is not there.
  std::optional<bool> truth(expression const& e, item const& i, variables const& bound) const;
  values all_of(expression const& e, item const& i, variables const& bound) const;
  values at_path(expression const& e, item const& i, variables const& bound) const;
  values call(expression const& e, item const& i, variables const& bound) const;
  void walk(item const& i, std::vector<std::string> const& path, std::size_t at, values& out) const;
  bool any_at(item const& outer, item const& i, std::vector<std::string> const& path, std::size_t at,
              expression const& e, bool wanted, variables const& bound) const;

  reader const& reader_;
};

}  // namespace dos::sensorthings
