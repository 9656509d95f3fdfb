#include "kernel/model/condition.h"

#include <algorithm>

namespace dos::model {
namespace {

using query::node;
using query::node_ptr;
using query::variable;

bool has_variables(node const& n) {
  if (n.path.of_old || std::holds_alternative<variable>(n.operand)) return true;
  return std::any_of(n.children.begin(), n.children.end(), [](node_ptr const& c) { return has_variables(*c); });
}

node_ptr always() { return query::all({}); }
node_ptr never() { return query::any({}); }

// One of several values: equal to any, unequal to all; of the others each is tried.
node_ptr compare_with(node const& n, std::vector<json::value> const& values) {
  if (values.empty()) return n.relation == query::relation::not_equal ? always() : never();
  auto tries = std::vector<node_ptr>();
  for (auto const& v : values) {
    auto one = node(n);
    one.operand = v;
    tries.push_back(std::make_shared<node const>(std::move(one)));
  }
  return n.relation == query::relation::not_equal ? query::all(std::move(tries)) : query::any(std::move(tries));
}

std::vector<json::value> values_of(variable const& v, circumstances const& c) {
  switch (v.what) {
    case variable::name::me:
      return c.who.subject.empty() ? std::vector<json::value>() : std::vector<json::value>{json::value(c.who.subject)};
    case variable::name::my_organisations: return {c.who.organisations.begin(), c.who.organisations.end()};
    case variable::name::now: return {json::value(to_string(c.now + v.offset_us))};
    case variable::name::old: {
      auto out = std::vector<json::value>();
      if (c.old != nullptr) query::for_each_value(v.of_old, *c.old, out);
      return out;
    }
  }
  return {};
}

node_ptr settle(node_ptr const& n, circumstances const& c) {
  if (!has_variables(*n)) return n;
  if (n->what != node::kind::compare && n->what != node::kind::exists) {
    auto group = node(*n);
    for (auto& child : group.children) child = settle(child, c);
    return std::make_shared<node const>(std::move(group));
  }
  auto const* const v = std::get_if<variable>(&n->operand);
  auto const known = v != nullptr ? compare_with(*n, values_of(*v, c)) : n;
  if (!n->path.of_old) return known;
  // What was is known now: only whether it held is left.
  return c.old != nullptr && query::matches(*known, *c.old) ? always() : never();
}

void collect(node const& n, std::vector<symbol>& out) {
  if (n.path.attribute && std::find(out.begin(), out.end(), n.path.attribute) == out.end()) out.push_back(n.path.attribute);
  for (auto const& child : n.children) collect(*child, out);
}

}  // namespace

query::node_ptr condition::bound(circumstances const& c) const { return tree_ ? settle(tree_, c) : always(); }

std::vector<symbol> condition::attributes() const {
  auto out = std::vector<symbol>();
  if (tree_) collect(*tree_, out);
  return out;
}

}  // namespace dos::model
