#include "kernel/model/policy.h"

#include <algorithm>

namespace dos::model {
namespace {

constexpr std::size_t policies_max = 1'000;  // sets of roles that are kept

bool names(grant const& g, std::string_view action) {
  return g.actions.empty() || std::find(g.actions.begin(), g.actions.end(), action) != g.actions.end();
}

// As people know it: the term of its model, else the end of its IRI.
std::string type_word(policy const& p, symbol type) {
  auto const* const model = p.registry() ? p.registry()->find(type) : nullptr;
  if (model && !model->term.empty()) return model->term;
  auto const iri = type.text();
  return std::string(iri.substr(iri.find_last_of("/#:") + 1));
}

std::string attribute_word(policy const& p, symbol type, symbol attribute) {
  auto const* const model = p.registry() ? p.registry()->find(type) : nullptr;
  auto const* const rule = model ? model->find(attribute) : nullptr;
  if (rule) return rule->term;
  auto const iri = attribute.text();
  return std::string(iri.substr(iri.find_last_of("/#:") + 1));
}

fault forbidden(std::string detail, std::string member = {}) {
  return fault(fault_kind::forbidden, std::move(detail), std::move(member));
}

bool is_alive(entity const* e) { return e != nullptr && e->deleted_at == no_time; }

// Attributes that are another object than before: that one has the same value again would tell what is hidden.
std::vector<symbol> changed_attributes(entity const* before, entity const& after) {
  auto out = std::vector<symbol>();
  auto const add = [&](symbol name) {
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  };
  for (auto const& a : after.attributes) {
    if (!before || before->find(a->name, a->dataset) != a) add(a->name);
  }
  if (!before) return out;
  for (auto const& a : before->attributes) {
    if (!after.find(a->name, a->dataset)) add(a->name);
  }
  return out;
}

std::vector<symbol> granted_types(policy const& p, entity const* before, entity const* after) {
  auto out = std::vector<symbol>();
  for (auto const* const e : {before, after}) {
    if (!e) continue;
    for (auto const t : e->types) {
      if (p.is_granted(t) && std::find(out.begin(), out.end(), t) == out.end()) out.push_back(t);
    }
  }
  return out;
}

// Grants on a type that permit this of that entity.
template <typename Holds>
std::vector<grant const*> grants_for(policy const& p, symbol type, grant::verb verb, Holds const& holds) {
  auto out = std::vector<grant const*>();
  for (auto const& g : p.on(type)) {
    if (g.what->permits(verb) && holds(*g.what)) out.push_back(g.what);
  }
  return out;
}

// The first that none of them shows.
std::optional<symbol> not_permitted(std::vector<grant const*> const& by, std::vector<symbol> const& attributes) {
  auto const it = std::find_if(attributes.begin(), attributes.end(), [&](symbol a) {
    return std::none_of(by.begin(), by.end(), [&](grant const* g) { return g->shows_attribute(a); });
  });
  return it == attributes.end() ? std::nullopt : std::optional(*it);
}

std::optional<fault> judge_plainly(principal const& who) {
  if (who.may_write()) return std::nullopt;
  if (who.role == dos::role::anonymous) return fault(fault_kind::unauthenticated, "writing needs a token: Authorization: Bearer …");
  return forbidden("the role " + std::string(to_text(who.role)) + " may not write");
}

// Of one granted type.
std::optional<fault> judge_creation(writer const& w, symbol type, entity const& after) {
  auto const by = grants_for(w.of, type, grant::create, [&](grant const& g) { return g.where.holds(after, {w.who, w.now}); });
  auto const word = type_word(w.of, type);
  if (by.empty()) return forbidden("no grant lets you create this " + word);
  if (auto const a = not_permitted(by, changed_attributes(nullptr, after))) {
    auto const name = attribute_word(w.of, type, *a);
    return forbidden("no grant lets you set " + name + " of a " + word, name);
  }
  return std::nullopt;
}

std::optional<fault> judge_change(writer const& w, symbol type, entity const& before, entity const& after) {
  auto const is_same_head = before.types == after.types && before.scopes == after.scopes && before.more == after.more;
  auto const changed = changed_attributes(&before, after);
  if (is_same_head && changed.empty()) return std::nullopt;
  auto const by = grants_for(w.of, type, grant::change, [&](grant const& g) {
    return g.where.holds(before, {w.who, w.now, &before}) && g.where.holds(after, {w.who, w.now, &before});
  });
  auto const word = type_word(w.of, type);
  if (by.empty()) return forbidden("no grant lets you change this " + word + " so");
  if (!is_same_head && std::none_of(by.begin(), by.end(), [](grant const* g) { return g->shows != grant::extent::only; })) {
    return forbidden("no grant lets you change type, scope or end of a " + word);
  }
  if (auto const a = not_permitted(by, changed)) {
    auto const name = attribute_word(w.of, type, *a);
    return forbidden("no grant lets you change " + name + " of this " + word, name);
  }
  return std::nullopt;
}

// Also of a type that it is to lose.
std::optional<fault> judge_removal(writer const& w, symbol type, entity const& before) {
  auto const by = grants_for(w.of, type, grant::administer, [&](grant const& g) { return g.where.holds(before, {w.who, w.now, &before}); });
  if (!by.empty()) return std::nullopt;
  return forbidden("no grant lets you remove this " + type_word(w.of, type));
}

}  // namespace

std::vector<std::string> roles_of(principal const& who) {
  auto out = who.roles;
  out.emplace_back("everyone");
  if (who.role >= dos::role::member) out.emplace_back("member");
  if (who.may_read_all()) out.emplace_back("viewer");
  if (who.role == dos::role::device) out.emplace_back("device");
  if (who.may_edit()) out.emplace_back("editor");
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

policy_ptr policy::of(registry_ptr r, principal const& who) {
  auto p = std::make_shared<policy>();
  p->registry_ = std::move(r);
  if (!p->registry_) return p;
  auto const mine = roles_of(who);
  for (auto const& to : p->registry_->roles()) {
    if (!std::binary_search(mine.begin(), mine.end(), to.name)) continue;
    for (auto const& g : to.grants) {
      p->writes_ = p->writes_ || (g.may & ~grant::read) != 0;
      for (auto const t : g.types) p->on_[t].push_back({&g, &to});
    }
  }
  for (auto const& t : p->registry_->types()) {
    for (auto const& a : t->actions) {
      for (auto const& by : a.by) {
        p->writes_ = p->writes_ || std::binary_search(mine.begin(), mine.end(), by);
        p->persons_act_ = p->persons_act_ || std::any_of(t->attributes.begin(), t->attributes.end(), [&](attribute_rule const& r) {
                            return r.is == value_kind::person && r.term == by;
                          });
      }
    }
  }
  return p;
}

std::vector<role> const& policy::roles() const {
  static auto const none = std::vector<role>();
  return registry_ ? registry_->roles() : none;
}

std::vector<policy::granted> const& policy::on(symbol type) const {
  static auto const none = std::vector<granted>();
  auto const it = on_.find(type);
  return it == on_.end() ? none : it->second;
}

policy_ptr policies::of(registry_ptr const& r, principal const& who) const {
  auto key = std::pair(who.role, who.roles);
  auto const lock = std::lock_guard(mutex_);
  if (r != registry_ || by_roles_.size() >= policies_max) by_roles_.clear();
  registry_ = r;
  auto& known = by_roles_[std::move(key)];
  if (!known) known = policy::of(r, who);
  return known;
}

std::optional<fault> judge(writer const& w, entity const* before, entity const* after) {
  if (!is_alive(before)) before = nullptr;
  if (!is_alive(after)) after = nullptr;
  if (w.who.may_administer() || (!before && !after)) return std::nullopt;
  auto const types = granted_types(w.of, before, after);
  if (types.empty()) return judge_plainly(w.who);
  for (auto const t : types) {
    auto const was = before && before->has_type(t);
    auto const is = after && after->has_type(t);
    auto refused = !is    ? judge_removal(w, t, *before)
                   : !was ? judge_creation(w, t, *after)
                          : judge_change(w, t, *before, *after);
    if (refused) return refused;
  }
  return std::nullopt;
}

std::optional<fault> judge_history(writer const& w, entity const& e, symbol attribute) {
  if (w.who.may_administer()) return std::nullopt;
  auto const types = granted_types(w.of, &e, nullptr);
  if (types.empty()) return judge_plainly(w.who);
  for (auto const t : types) {
    auto const by = grants_for(w.of, t, grant::change, [&](grant const& g) {
      return g.shows_attribute(attribute) && g.where.holds(e, {w.who, w.now, &e});
    });
    if (!by.empty()) continue;
    auto const name = attribute_word(w.of, t, attribute);
    return forbidden("no grant lets you change the history of " + name + " of this " + type_word(w.of, t), name);
  }
  return std::nullopt;
}

verdict may_act(writer const& w, entity const& e, std::string_view action) {
  auto const types = granted_types(w.of, &e, nullptr);
  auto is_named = false;
  for (auto const& r : w.of.roles()) {
    for (auto const& g : r.grants) {
      is_named = is_named || ((g.may & grant::act) && names(g, action) &&
                              std::any_of(types.begin(), types.end(), [&](symbol t) { return g.is_on(t); }));
    }
  }
  if (!is_named) return verdict::says_nothing;
  if (w.who.may_administer()) return verdict::yes;
  auto const permits = [&](symbol t) {
    return !grants_for(w.of, t, grant::act, [&](grant const& g) { return names(g, action) && g.where.holds(e, {w.who, w.now, &e}); }).empty();
  };
  return std::any_of(types.begin(), types.end(), permits) ? verdict::yes : verdict::no;
}

std::vector<reason> reasons(writer const& w, entity const& e, asked_for const& what) {
  auto out = std::vector<reason>();
  auto const mine = roles_of(w.who);
  auto const types = granted_types(w.of, &e, nullptr);
  for (auto const& to : w.of.roles()) {
    for (auto const& g : to.grants) {
      if (std::none_of(types.begin(), types.end(), [&](symbol t) { return g.is_on(t); })) continue;
      auto r = reason();
      r.what = &g;
      r.to = &to;
      r.is_mine = std::binary_search(mine.begin(), mine.end(), to.name);
      r.covers_verb = g.permits(what.verb) && (what.action.empty() || names(g, what.action));
      r.covers_attribute = !what.attribute || g.shows_attribute(what.attribute);
      r.holds = g.where.holds(e, {w.who, w.now, &e});
      out.push_back(std::move(r));
    }
  }
  return out;
}

}  // namespace dos::model
