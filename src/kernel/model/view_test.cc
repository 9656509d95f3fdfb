#include "kernel/model/view.h"

#include <gtest/gtest.h>

#include "kernel/graph/entity_store.h"
#include "kernel/graph/random_query.h"
#include "kernel/graph/ranking.h"
#include "kernel/model/test_world.h"

namespace dos::model {
namespace {

auto const open_types = std::set<symbol>{symbol("https://example.org/type2"), symbol("https://example.org/type3")};

view_ptr view_of(registry_ptr const& r, principal who) {
  auto rules = plain_rules{[](symbol t) { return open_types.contains(t); },
                           [brings = who.role == dos::role::device](entity const& e) { return brings && e.id.ends_with('7'); }};
  return std::make_shared<view const>(policy::of(r, who), std::make_shared<principal const>(who), timestamp{1'700'000'020'000'000}, rules);
}

principal known(std::vector<std::string> roles, std::string subject = {}) {
  auto p = principal();
  p.role = dos::role::member;
  p.roles = std::move(roles);
  p.subject = std::move(subject);
  return p;
}

grant only(grant g, std::vector<char const*> const& attributes) {
  g.shows = grant::extent::only;
  for (auto const a : attributes) g.attributes.emplace_back(a);
  return g;
}

std::vector<std::string> names_in(entity_ptr const& e) {
  auto names = std::vector<std::string>();
  if (!e) return {"nothing"};
  for (auto const& a : e->attributes) names.emplace_back(a->name.text());
  return names;
}

TEST(view, shows_the_union_of_what_grants_show) {
  auto const w = test_world({role_with("everyone", {only(grant_on("urn:Booking", grant::read), {"urn:from"})}),
                             role_with("owner", {only(grant_on("urn:Booking", grant::read, own()), {"urn:note"})})});
  auto const e = w.thing("urn:Booking", {{"urn:by", "ada"}, {"urn:from", "9"}, {"urn:note", "x"}});
  using names = std::vector<std::string>;
  EXPECT_EQ(names_in(view_of(w.registry(), {})->masked(e)), (names{"urn:from"}));
  EXPECT_EQ(names_in(view_of(w.registry(), known({"owner"}, "ada"))->masked(e)), (names{"urn:from", "urn:note"}));
  EXPECT_EQ(names_in(view_of(w.registry(), known({"owner"}, "bob"))->masked(e)), (names{"urn:from"}));
  auto admin = principal();
  admin.role = dos::role::admin;
  EXPECT_EQ(view_of(w.registry(), admin)->masked(e), e);
}

TEST(view, on_a_granted_type_neither_viewer_nor_openness_helps) {
  auto const type = "https://example.org/type2";
  auto const w = test_world({role_with("owner", {grant_on(type, grant::read)})});
  auto const e = w.thing(type, {{"urn:by", "ada"}});
  auto viewer = principal();
  viewer.role = dos::role::viewer;
  EXPECT_FALSE(view_of(w.registry(), viewer)->masked(e));
  EXPECT_FALSE(view_of(w.registry(), {})->masked(e));
  EXPECT_EQ(view_of(w.registry(), known({"owner"}))->masked(e), e);
  EXPECT_EQ(view_of(nullptr, {})->masked(e), e);  // without packages it is open
}

TEST(view, tells_nothing_of_when_hidden_attributes_changed) {
  auto const w = test_world({role_with("everyone", {only(grant_on("urn:Booking", grant::read), {"urn:from"})})});
  auto const changed = [&](std::int64_t from_at, std::int64_t note_at) {
    auto e = entity(*w.thing("urn:Booking", {{"urn:from", "9"}, {"urn:note", "x"}}));
    writable(e.attributes[0]).modified_at = {from_at};
    writable(e.attributes[1]).modified_at = {note_at};
    e.created_at = {1};
    e.modified_at = {std::max(from_at, note_at)};
    e.version = std::uint64_t(e.modified_at.us);
    return view_of(w.registry(), {})->masked(make_ref<entity>(std::move(e)));
  };
  EXPECT_EQ(changed(5, 6)->version, changed(5, 9)->version);
  EXPECT_EQ(changed(5, 9)->modified_at, timestamp{5});
  EXPECT_NE(changed(5, 9)->version, changed(7, 9)->version);
}

TEST(view, history_of_times_when_where_did_not_hold_needs_a_grant_of_all_of_it) {
  auto const of_all = [](bool whole) {
    auto g = only(grant_on("urn:Booking", grant::read, own()), {"urn:note"});
    g.whole_history = whole;
    return test_world({role_with("everyone", {only(grant_on("urn:Booking", grant::read), {"urn:from"}), g})});
  };
  for (auto const whole : {false, true}) {
    auto const w = of_all(whole);
    auto const e = w.thing("urn:Booking", {{"urn:by", "ada"}, {"urn:from", "9"}, {"urn:note", "x"}});
    EXPECT_EQ(view_of(w.registry(), known({}, "bob"))->shows_history(*e, symbol("urn:note")), whole);
    EXPECT_TRUE(view_of(w.registry(), known({}, "ada"))->shows_history(*e, symbol("urn:note")));
    EXPECT_FALSE(view_of(w.registry(), known({}, "ada"))->shows_history(*e, symbol(act_iri)));
  }
}

// --- by chance: what a narrowed query finds in the store is what the query finds in a world that holds but what is seen ---

condition random_where(random_world& world) {
  switch (world.below(4)) {
    case 0: return condition();
    case 1: return own();
    default: {
      auto p = value_path(world.name());
      return condition(query::compare(p, query::relation(world.below(6)), json::value(std::int64_t(world.below(8)))));
    }
  }
}

registry_ptr random_registry(random_world& world) {
  auto roles = std::vector<role>();
  for (auto const* const name : {"everyone", "viewer", "device", "r1", "r2"}) {
    auto grants = std::vector<grant>();
    for (auto n = world.below(4); n > 0; --n) {
      auto g = grant_on("https://example.org/type" + std::to_string(world.below(3)), world.chance(80) ? grant::read : grant::change, random_where(world));
      g.shows = grant::extent(world.below(3));
      for (auto k = world.below(4); k > 0; --k) g.attributes.push_back(world.name());
      if (world.chance(50)) g.attributes.push_back(location);
      if (world.chance(50)) g.attributes.emplace_back("https://schema.org/name");
      grants.push_back(std::move(g));
    }
    roles.push_back(role_with(name, std::move(grants)));
  }
  return test_world(std::move(roles)).registry();
}

principal random_principal(random_world& world) {
  auto p = known({}, world.chance(50) ? "Ruhr" : "");
  p.role = dos::role(world.below(5));
  for (auto const* const name : {"r1", "r2"}) {
    if (world.chance(50)) p.roles.emplace_back(name);
  }
  return p;
}

query::query ordered(random_world& world) {
  auto q = random_query(world);
  if (world.chance(60)) {
    q.selectors.clear();
    q.selectors.push_back({{}, nullptr, {{world.type()}}});
  }
  if (world.chance(40)) {
    auto o = query::order_by();
    o.path = value_path(world.name());
    if (world.chance(20)) o.path = {};
    if (!o.path.attribute) o.path.what = query::path::field::modified_at;
    o.descending = world.chance(50);
    if (world.chance(20)) {
      o.path = value_path(location);
      o.near = std::make_shared<geo::geometry const>(geo::position{7.4, 51.5});
    }
    q.order.push_back(std::move(o));
  }
  return q;
}

std::vector<entity_ptr> looked_up(std::vector<entity_ptr> const& seen, query::query const& q) {
  auto found = std::vector<entity_ptr>();
  for (auto const& e : seen) {
    if (matches(q, *e)) found.push_back(e);
  }
  if (q.order.empty()) return found;
  auto ranked = query::ranking(q.order, found.size() + 1);
  for (auto& e : found) ranked.add(e);
  return ranked.take(0);
}

TEST(view, a_narrowed_query_finds_what_the_query_finds_in_what_is_seen) {
  auto world = random_world(23);
  world.set_ids(5'000);
  auto store = entity_store();
  auto order = std::vector<std::string>();
  for (auto i = 0; i < 6'000; ++i) {
    auto e = world.make_entity();
    if (world.chance(5)) {
      e.deleted_at = timestamp{1};
      e.attributes.clear();
    }
    if (!store.find(e.id)) order.push_back(e.id);
    store.put(make_ref<entity>(std::move(e)));
  }
  for (auto round = 0; round < 40; ++round) {
    auto const v = view_of(random_registry(world), random_principal(world));
    auto seen = std::vector<entity_ptr>();
    for (auto const& id : order) {
      if (auto m = v->masked(store.find(id))) seen.push_back(std::move(m));
    }
    for (auto i = 0; i < 15; ++i) {
      auto const q = ordered(world);
      auto const expected = looked_up(seen, q);
      auto const found = store.find(v->narrowed(q));
      ASSERT_EQ(ids_of(found.entities), ids_of(expected)) << round << " " << i;
      ASSERT_EQ(found.total, expected.size());
      auto unlisted = q;
      unlisted.limit = 0;
      ASSERT_EQ(store.find(v->narrowed(unlisted)).total, expected.size());
      for (auto k = std::size_t(0); k < expected.size(); ++k) {
        ASSERT_EQ(names_in(v->masked(found.entities[k])), names_in(expected[k]));
      }
    }
  }
}

}  // namespace
}  // namespace dos::model
