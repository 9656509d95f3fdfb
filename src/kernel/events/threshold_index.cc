#include "kernel/events/threshold_index.h"

namespace dos {

std::optional<threshold> find_threshold(query::node_ptr const& filter) {
  if (!filter) return std::nullopt;
  if (filter->what == query::node::kind::all) {
    for (auto const& child : filter->children) {
      if (auto found = find_threshold(child)) return found;
    }
    return std::nullopt;
  }
  auto const& p = filter->path;
  auto const* const number = std::get_if<json::value>(&filter->operand);
  auto const ordered = filter->relation == query::relation::equal || filter->relation == query::relation::less ||
                       filter->relation == query::relation::less_equal || filter->relation == query::relation::greater ||
                       filter->relation == query::relation::greater_equal;
  auto const plain = filter->what == query::node::kind::compare && ordered && number && number->is_number() && p.attribute &&
                     p.sub_attributes.empty() && p.trail.empty() && p.what == query::path::field::value;
  if (!plain) return std::nullopt;
  return threshold{p.attribute, filter->relation, number->as_double()};
}

}  // namespace dos
