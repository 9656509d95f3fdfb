#include "kernel/events/condition_index.h"

namespace dos {
namespace {

bool has_index(query::relation r) {
  using enum query::relation;
  return r == equal || r == less || r == less_equal || r == greater || r == greater_equal;
}

}  // namespace

std::optional<condition> find_condition(query::node_ptr const& filter) {
  if (!filter) return std::nullopt;
  if (filter->what == query::node::kind::all) {
    for (auto const& child : filter->children) {
      if (auto found = find_condition(child)) return found;
    }
    return std::nullopt;
  }
  auto const& p = filter->path;
  auto const is_plain = filter->what == query::node::kind::compare && p.attribute && p.sub_attributes.empty() &&
                        p.trail.empty() && p.what == query::path::field::value;
  auto const* const literal = std::get_if<json::value>(&filter->operand);
  if (!is_plain || !literal || !has_index(filter->relation)) return std::nullopt;
  if (literal->is_number()) return condition{p.attribute, filter->relation, literal->as_double()};
  // A text that is a time equals other ways of writing it.
  auto const is_plain_text = literal->is_string() && !filter->folded && !parse_timestamp(literal->as_string());
  if (!is_plain_text || filter->relation != query::relation::equal) return std::nullopt;
  return condition{p.attribute, filter->relation, std::string(literal->as_string())};
}

}  // namespace dos
