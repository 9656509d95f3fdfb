#include "kernel/model/policy.h"

#include <gtest/gtest.h>

#include "kernel/model/test_world.h"

namespace dos::model {
namespace {

TEST(policy, without_grants_on_a_type_the_plain_role_decides) {
  auto const w = test_world({role_with("owner", {grant_on("urn:Booking", grant::read)})});
  auto const e = w.thing("urn:Bench", {});
  EXPECT_FALSE(w.judges({.role = dos::role::editor}, nullptr, &*e));
  EXPECT_EQ(w.judges({.role = dos::role::member}, nullptr, &*e)->kind, fault_kind::forbidden);
  EXPECT_EQ(w.judges({}, nullptr, &*e)->kind, fault_kind::unauthenticated);
}

TEST(policy, on_a_granted_type_a_plain_role_alone_is_not_enough) {
  auto const w = test_world({role_with("owner", {grant_on("urn:Booking", grant::create)})});
  auto const e = w.thing("urn:Booking", {});
  EXPECT_EQ(w.judges({.role = dos::role::editor}, nullptr, &*e)->kind, fault_kind::forbidden);
  EXPECT_FALSE(w.judges({.role = dos::role::member, .roles = {"owner"}}, nullptr, &*e));
  EXPECT_FALSE(w.judges({.role = dos::role::admin}, nullptr, &*e));
}

TEST(policy, a_change_needs_the_grant_before_and_after) {
  auto const w = test_world({role_with("owner", {grant_on("urn:Booking", grant::change, own())})});
  auto const mine = w.thing("urn:Booking", {{"urn:by", "ada"}, {"urn:note", "a"}});
  auto const noted = w.with(mine, "urn:note", "b");
  auto const given_away = w.with(mine, "urn:by", "bob");
  auto const ada = principal{.role = dos::role::member, .subject = "ada", .roles = {"owner"}};
  auto const bob = principal{.role = dos::role::member, .subject = "bob", .roles = {"owner"}};
  EXPECT_FALSE(w.judges(ada, &*mine, &*noted));
  EXPECT_TRUE(w.judges(ada, &*mine, &*given_away));
  EXPECT_TRUE(w.judges(bob, &*mine, &*noted));
  EXPECT_TRUE(w.judges(bob, &*mine, &*given_away));
}

TEST(policy, only_permitted_attributes_change_and_the_refusal_names_the_other) {
  auto g = grant_on("urn:Booking", grant::change);
  g.shows = grant::extent::only;
  g.attributes = {symbol("urn:note")};
  auto const w = test_world({role_with("owner", {g})});
  auto const e = w.thing("urn:Booking", {{"urn:by", "ada"}, {"urn:note", "a"}});
  auto const who = principal{.role = dos::role::member, .roles = {"owner"}};
  EXPECT_FALSE(w.judges(who, &*e, &*w.with(e, "urn:note", "b")));
  EXPECT_EQ(w.judges(who, &*e, &*w.with(e, "urn:by", "bob"))->member, "by");
  // That it has this value already is not for everybody to find out.
  EXPECT_TRUE(w.judges(who, &*e, &*w.with(e, "urn:by", "ada")));
}

TEST(policy, what_exists_is_not_created_again_by_who_may_only_create) {
  auto const w = test_world({role_with("owner", {grant_on("urn:Booking", grant::create)})});
  auto const e = w.thing("urn:Booking", {{"urn:by", "ada"}});
  auto const who = principal{.role = dos::role::member, .roles = {"owner"}};
  EXPECT_TRUE(w.judges(who, &*e, &*w.with(e, "urn:by", "bob")));
  EXPECT_TRUE(w.judges(who, &*e, nullptr));
}

TEST(policy, of_two_granted_types_each_has_to_permit_it) {
  auto const w = test_world({role_with("a", {grant_on("urn:A", grant::create)}), role_with("b", {grant_on("urn:B", grant::create)})});
  auto e = entity(*w.thing("urn:A", {}));
  e.types.push_back(symbol("urn:B"));
  EXPECT_TRUE(w.judges({.role = dos::role::member, .roles = {"a"}}, nullptr, &e));
  EXPECT_FALSE(w.judges({.role = dos::role::member, .roles = {"a", "b"}}, nullptr, &e));
}

TEST(policy, acting_needs_its_own_grant_where_one_names_the_action) {
  auto g = grant_on("urn:Booking", grant::act, own());
  g.actions = {"confirm"};
  auto const w = test_world({role_with("owner", {g})});
  auto const e = w.thing("urn:Booking", {{"urn:by", "ada"}});
  auto const ada = principal{.role = dos::role::member, .subject = "ada", .roles = {"owner"}};
  auto const bob = principal{.role = dos::role::member, .subject = "bob", .roles = {"owner"}};
  EXPECT_EQ(w.acts(ada, *e, "confirm"), verdict::yes);
  EXPECT_EQ(w.acts(bob, *e, "confirm"), verdict::no);
  EXPECT_EQ(w.acts(ada, *e, "cancel"), verdict::says_nothing);
}

TEST(policy, says_why) {
  auto const w = test_world({role_with("owner", {grant_on("urn:Booking", grant::read, own())}), role_with("staff", {grant_on("urn:Booking", grant::read)})});
  auto const e = w.thing("urn:Booking", {{"urn:by", "ada"}});
  auto const bob = principal{.role = dos::role::member, .subject = "bob", .roles = {"owner"}};
  auto const why = reasons({*policy::of(w.registry(), bob), bob, {}}, *e, {.verb = grant::read});
  ASSERT_EQ(why.size(), 2u);
  EXPECT_TRUE(why[0].is_mine && !why[0].holds);
  EXPECT_TRUE(!why[1].is_mine && why[1].holds);
}

TEST(policy, of_two_thousand_grants_is_compiled_at_once) {
  auto roles = std::vector<role>();
  for (auto i = 0; i < 20; ++i) {
    auto grants = std::vector<grant>();
    for (auto k = 0; k < 100; ++k) grants.push_back(grant_on("urn:T" + std::to_string(i * 100 + k), grant::read, own()));
    roles.push_back(role_with("r" + std::to_string(i), grants));
  }
  auto const w = test_world(roles);
  auto who = principal{.role = dos::role::member};
  for (auto const& r : roles) who.roles.push_back(r.name);
  auto const begin = std::chrono::steady_clock::now();
  auto const p = policy::of(w.registry(), who);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(50));
  EXPECT_EQ(p->on(symbol("urn:T1999")).size(), 1u);
}

}  // namespace
}  // namespace dos::model
