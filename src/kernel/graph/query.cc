#include "kernel/graph/query.h"

#include <algorithm>

#include "kernel/graph/comparison.h"
#include "kernel/graph/path.h"
#include "kernel/graph/pattern.h"
#include "kernel/graph/words.h"

namespace dos::query {
namespace {

node_ptr make(node n) { return std::make_shared<node const>(std::move(n)); }

node_ptr make_group(node::kind what, std::vector<node_ptr> children) {
  auto n = node();
  n.what = what;
  n.children = std::move(children);
  return make(std::move(n));
}

// ETSI GS CIM 009, 4.19: "+" stands for one level, "#" for any number of levels below, and for none.
bool scope_matches(std::string_view expression, std::string_view scope) {
  for (;;) {
    if (expression == "/#") return true;
    if (expression.empty() || scope.empty()) return expression.empty() && scope.empty();
    auto const wanted = expression.substr(0, expression.find('/', 1));
    auto const level = scope.substr(0, scope.find('/', 1));
    if (wanted != "/+" && wanted != level) return false;
    expression.remove_prefix(wanted.size());
    scope.remove_prefix(level.size());
  }
}

bool is_near(node const& n, entity const& e) {
  if (n.through && !n.through->shows(e, n.path.attribute)) return false;
  return std::any_of(e.attributes.begin(), e.attributes.end(), [&](attribute_ptr const& a) {
    return a->name == n.path.attribute && a->kind == attribute_kind::geo_property && n.spatial->matches(a->geometry());
  });
}

bool is_equality(relation r) { return r == relation::equal || r == relation::not_equal; }

// ETSI GS CIM 009, 4.9: what points to entities is equal to something or not, and knows no order.
bool knows_order(path const& p, attribute const& a) {
  auto const points_somewhere = a.kind == attribute_kind::relationship || a.kind == attribute_kind::list_relationship;
  return !points_somewhere || p.what != path::field::value || !p.sub_attributes.empty();
}

bool compares(node const& n, entity const& e) {
  auto const& p = n.path;
  auto const value_holds = [&](json::value const& v) { return holds(v, n.relation, n.operand, n.folded); };
  if (!p.attribute) return any_value(p, e, n.through.get(), value_holds);
  if (n.through && !n.through->shows(e, p.attribute)) return false;
  return std::any_of(e.attributes.begin(), e.attributes.end(), [&](attribute_ptr const& a) {
    return a->name == p.attribute && (is_equality(n.relation) || knows_order(p, *a)) && any_in_attribute(p, *a, 0, value_holds);
  });
}

}  // namespace

node_ptr all(std::vector<node_ptr> children) {
  return children.size() == 1 ? children[0] : make_group(node::kind::all, std::move(children));
}

node_ptr any(std::vector<node_ptr> children) {
  return children.size() == 1 ? children[0] : make_group(node::kind::any, std::move(children));
}

node_ptr none(node_ptr child) { return make_group(node::kind::none, {std::move(child)}); }

node_ptr compare(path p, relation r, operand o) {
  auto n = node();
  n.what = node::kind::compare;
  n.path = std::move(p);
  n.relation = r;
  n.operand = std::move(o);
  return make(std::move(n));
}

node_ptr exists(path p) {
  auto n = node();
  n.what = node::kind::exists;
  n.path = std::move(p);
  return make(std::move(n));
}

node_ptr spatial(symbol geo_attribute, std::shared_ptr<geo::spatial_query const> q) {
  auto n = node();
  n.what = node::kind::geo;
  n.path.attribute = geo_attribute;
  n.spatial = std::move(q);
  return make(std::move(n));
}

node_ptr text(std::vector<std::string> words) {
  auto n = node();
  n.what = node::kind::text;
  for (auto const& w : words) {
    for (auto& folded : words_of(w)) n.words.push_back(std::move(folded));
  }
  return make(std::move(n));
}

bool matches(type_selection const& types, entity const& e) {
  return types.empty() || std::any_of(types.begin(), types.end(), [&](auto const& together) {
           return std::all_of(together.begin(), together.end(), [&](symbol t) { return e.has_type(t); });
         });
}

bool matches(selector const& s, entity const& e) {
  return matches(s.types, e) && (s.ids.empty() || std::find(s.ids.begin(), s.ids.end(), e.id) != s.ids.end()) &&
         (!s.id_pattern || s.id_pattern->found_in(e.id));
}

bool matches(node const& n, entity const& e) {
  auto const child_matches = [&](node_ptr const& child) { return matches(*child, e); };
  switch (n.what) {
    case node::kind::all: return std::all_of(n.children.begin(), n.children.end(), child_matches);
    case node::kind::any: return std::any_of(n.children.begin(), n.children.end(), child_matches);
    case node::kind::none: return std::none_of(n.children.begin(), n.children.end(), child_matches);
    case node::kind::compare: return compares(n, e);
    case node::kind::exists: return any_value(n.path, e, n.through.get(), [](json::value const&) { return true; });
    case node::kind::geo: return is_near(n, e);
    case node::kind::text: return has_words(e, n.words, n.through.get());
  }
  return false;
}

bool matches(query const& q, entity const& e) {
  if (!q.with_deleted && e.deleted_at != no_time) return false;
  if (!q.selectors.empty() &&
      std::none_of(q.selectors.begin(), q.selectors.end(), [&](auto const& s) { return matches(s, e); })) {
    return false;
  }
  // Selectors saw to it that it has that type.
  if (q.through && !(q.settled && e.types.size() == 1) && !q.through->reads(e)) return false;
  if (!q.attributes.empty() && std::none_of(e.attributes.begin(), e.attributes.end(), [&](auto const& a) {
        return std::find(q.attributes.begin(), q.attributes.end(), a->name) != q.attributes.end() &&
               (!q.through || q.through->shows(e, a->name));
      })) {
    return false;
  }
  if (!q.scopes.empty() && std::none_of(e.scopes.begin(), e.scopes.end(), [&](symbol scope) {
        return std::any_of(q.scopes.begin(), q.scopes.end(),
                           [&](auto const& expression) { return scope_matches(expression, scope.text()); });
      })) {
    return false;
  }
  return !q.filter || matches(*q.filter, e);
}

void for_each_value(path const& p, entity const& e, std::vector<json::value>& out) {
  any_value(p, e, nullptr, [&](json::value const& v) {
    out.push_back(v);
    return false;
  });
}

}  // namespace dos::query
