#include "kernel/model/view.h"

#include <algorithm>

#include "kernel/graph/entity_store.h"

namespace dos::model {
namespace {

using query::node;
using query::node_ptr;

// Of entities of one type alone conditions say it all; only of those with several the view is asked.
class beside final : public query::lens {
 public:
  explicit beside(view_ptr v) : view_(std::move(v)) {}
  bool reads(entity const& e) const override { return view_->reads(e); }
  bool shows(entity const& e, symbol attribute) const override { return e.types.size() == 1 || view_->shows(e, attribute); }
  timestamp modified_at(entity const& e) const override { return view_->modified_at(e); }

 private:
  view_ptr view_;
};

// The one type that everything asked for has, if the query says so.
symbol sole_type(query::query const& q) {
  if (q.selectors.size() != 1) return {};
  auto const& types = q.selectors[0].types;
  return types.size() == 1 && types[0].size() == 1 ? types[0][0] : symbol();
}

// Parts of the platform that every entity has, and every attribute's reader may know.
bool is_of_the_head(symbol attribute) {
  static auto const scope = symbol("https://uri.etsi.org/ngsi-ld/scope");
  static auto const number = symbol(entity_number_iri);
  return attribute == scope || attribute == number;
}

class digest {
 public:
  void add(std::string_view s) {
    for (auto const c : s) step(static_cast<unsigned char>(c));
    step(0xff);
  }
  void add(std::int64_t n) {
    for (auto i = 0; i < 64; i += 8) step(std::uint8_t(n >> i));
  }
  // Fits a JSON number.
  std::uint64_t value() const { return hash_ & ((1ull << 53) - 1); }

 private:
  void step(std::uint8_t byte) { hash_ = (hash_ ^ byte) * 0x100000001b3ull; }

  std::uint64_t hash_ = 0xcbf29ce484222325ull;
};

// Another one whenever something that is seen changes.
std::uint64_t version_of(entity const& seen) {
  auto d = digest();
  for (auto const t : seen.types) d.add(t.text());
  for (auto const s : seen.scopes) d.add(s.text());
  d.add(json::to_string(seen.more));
  for (auto const& a : seen.attributes) {
    d.add(a->name.text());
    d.add(a->dataset.text());
    d.add(a->modified_at.us);
  }
  return d.value();
}

}  // namespace

// The read grants on a type, bound. Without any: nobody whom they do not name reads it.
struct view::rules_of_type {
  struct rule {
    grant const* what;
    node_ptr where;  // null: always
    bool holds(entity const& e) const { return !where || query::matches(*where, e); }
  };
  bool is_granted = false;
  bool is_plainly_read = false;  // not granted, and everybody of this plain role reads it
  std::vector<rule> rules;

  bool has_whole_rule() const {
    return std::any_of(rules.begin(), rules.end(), [](rule const& r) { return !r.where && r.what->shows == grant::extent::all; });
  }
  bool reads(entity const& e) const {
    return std::any_of(rules.begin(), rules.end(), [&](rule const& r) { return r.holds(e); });
  }
  // Any of the conditions of the rules that `is_one` says; null: always.
  template <typename Is>
  node_ptr any_where(Is const& is_one) const {
    auto all = std::vector<node_ptr>();
    for (auto const& r : rules) {
      if (!is_one(r)) continue;
      if (!r.where) return nullptr;
      if (std::find(all.begin(), all.end(), r.where) == all.end()) all.push_back(r.where);
    }
    return query::any(std::move(all));
  }
  bool shows(entity const& e, symbol a) const {
    return std::any_of(rules.begin(), rules.end(), [&](rule const& r) { return r.what->shows_attribute(a) && r.holds(e); });
  }
};

// How the leaves of a query are rewritten.
struct view::narrowing {
  rules_of_type const* sole;  // of the one type asked for; null: of several
  query::lens_ptr told;       // where conditions say the rest
  query::lens_ptr looking;    // where they do not
};

view::view(policy_ptr p, std::shared_ptr<principal const> who, timestamp now, plain_rules rules)
    : policy_(std::move(p)), who_(std::move(who)), now_(now), rules_(std::move(rules)) {
  auto const& r = policy_->registry();
  is_clear_ = who_->may_administer() || ((who_->may_read_all() || rules_.is_all_open) && (!r || !r->has_grants()));
}

view::~view() = default;

view::rules_of_type const& view::bound(symbol type) const {
  auto& known = bound_[type];
  if (known) return *known;
  known = std::make_unique<rules_of_type>();
  known->is_granted = policy_->is_granted(type);
  if (!known->is_granted) {
    known->is_plainly_read = who_->may_read_all() || rules_.is_all_open || rules_.is_open(type);
    return *known;
  }
  auto const c = circumstances{*who_, now_, nullptr};
  for (auto const& g : policy_->on(type)) {
    // Closed periods and coarse places are for answers that know of them: everything else shows nothing by such a grant.
    if (!g.what->permits(grant::read) || g.what->per_us != 0 || !g.what->places.empty()) continue;
    known->rules.push_back({g.what, g.what->where.is_empty() ? nullptr : g.what->where.bound(c)});
  }
  return *known;
}

bool view::reads_plainly(entity const& e) const {
  if (who_->may_read_all() || rules_.is_all_open) return true;
  return std::any_of(e.types.begin(), e.types.end(), [&](symbol t) { return rules_.is_open(t); }) || rules_.is_brought(e);
}

bool view::reads(entity const& e) const {
  if (is_clear_) return true;
  auto is_granted = false;
  for (auto const t : e.types) {
    auto const& of = bound(t);
    if (!of.is_granted) continue;
    if (!of.reads(e)) return false;
    is_granted = true;
  }
  return is_granted || reads_plainly(e);
}

bool view::shows(entity const& e, symbol attribute) const {
  return is_clear_ || is_of_the_head(attribute) || std::all_of(e.types.begin(), e.types.end(), [&](symbol t) {
           auto const& of = bound(t);
           return !of.is_granted || of.shows(e, attribute);
         });
}

bool view::shows_history(entity const& e, symbol attribute) const {
  static auto const acts = symbol(act_iri);
  if (attribute == acts) return false;
  if (is_clear_ || is_of_the_head(attribute)) return true;
  return std::all_of(e.types.begin(), e.types.end(), [&](symbol t) {
    auto const& of = bound(t);
    return !of.is_granted || std::any_of(of.rules.begin(), of.rules.end(), [&](rules_of_type::rule const& r) {
      return r.what->shows_attribute(attribute) && (r.what->whole_history || r.holds(e));
    });
  });
}

// Whether it shows everything; if not, the attributes that it does not.
bool view::shows_all(entity const& e, std::vector<symbol>& hidden) const {
  for (auto const t : e.types) {
    auto const& of = bound(t);
    if (!of.is_granted) continue;
    auto held = std::vector<grant const*>();
    auto is_all = false;
    for (auto const& r : of.rules) {
      if (is_all || !r.holds(e)) continue;
      is_all = r.what->shows == grant::extent::all;
      held.push_back(r.what);
    }
    if (is_all) continue;
    for (auto const& a : e.attributes) {
      auto const is_shown = std::any_of(held.begin(), held.end(), [&](grant const* g) { return g->shows_attribute(a->name); });
      if (!is_shown) hidden.push_back(a->name);
    }
  }
  return hidden.empty();
}

timestamp view::modified_at(entity const& e) const {
  auto hidden = std::vector<symbol>();
  if (is_clear_ || shows_all(e, hidden)) return e.modified_at;
  auto last = e.created_at;
  for (auto const& a : e.attributes) {
    if (std::find(hidden.begin(), hidden.end(), a->name) == hidden.end()) last = std::max(last, a->modified_at);
  }
  return last;
}

entity_ptr view::masked(entity_ptr const& e) const {
  if (!e || is_clear_) return e;
  if (!reads(*e)) return nullptr;
  auto hidden = std::vector<symbol>();
  if (shows_all(*e, hidden)) return e;
  auto seen = entity(*e);
  std::erase_if(seen.attributes, [&](attribute_ptr const& a) { return std::find(hidden.begin(), hidden.end(), a->name) != hidden.end(); });
  seen.modified_at = seen.created_at;
  for (auto const& a : seen.attributes) seen.modified_at = std::max(seen.modified_at, a->modified_at);
  seen.version = version_of(seen);
  return make_ref<entity>(std::move(seen));
}

query::node_ptr view::narrowed(query::node_ptr const& n, narrowing const& by) const {
  if (n->what == node::kind::all || n->what == node::kind::any || n->what == node::kind::none) {
    auto group = node(*n);
    for (auto& child : group.children) child = narrowed(child, by);
    return std::make_shared<node const>(std::move(group));
  }
  auto const a = n->path.attribute;
  auto leaf = node(*n);
  leaf.through = a ? by.told : by.looking;
  auto seen = std::make_shared<node const>(std::move(leaf));
  if (!by.sole || !by.sole->is_granted || !a) return seen;
  auto const shows = [&](rules_of_type::rule const& r) { return r.what->shows_attribute(a); };
  if (std::all_of(by.sole->rules.begin(), by.sole->rules.end(), shows)) return seen;  // wherever the row is
  auto visible = by.sole->any_where(shows);
  return visible ? query::all({std::move(visible), std::move(seen)}) : seen;
}

query::query view::narrowed(query::query q) const {
  if (is_clear_) return q;
  auto const type = sole_type(q);
  auto const* sole = type ? &bound(type) : nullptr;
  if (sole && !sole->is_granted && !sole->is_plainly_read) sole = nullptr;  // what else it is decides
  q.through = shared_from_this();
  auto const told = sole ? std::make_shared<beside>(shared_from_this()) : q.through;
  auto const& looking = sole && reads_all_of(type) ? told : q.through;
  if (q.filter) q.filter = narrowed(q.filter, {sole, told, looking});
  for (auto& o : q.order) o.through = looking;
  if (!sole) return q;
  q.settled = type;
  auto row = sole->is_granted ? sole->any_where([](rules_of_type::rule const&) { return true; }) : nullptr;
  if (row) q.filter = q.filter ? query::all({std::move(row), std::move(q.filter)}) : std::move(row);
  return q;
}

bool view::reads_all_of(symbol type) const {
  if (is_clear_) return true;
  auto const& of = bound(type);
  return of.is_granted ? of.has_whole_rule() : of.is_plainly_read;
}

bool view::may_read(symbol type) const {
  auto const& of = bound(type);
  return is_clear_ || (of.is_granted ? !of.rules.empty() : of.is_plainly_read);
}

}  // namespace dos::model
