#include "kernel/city/granted_write.h"

#include "kernel/city/city_fixture.h"
#include "kernel/model/test_world.h"

namespace dos {
namespace {

using model::grant;

// Bookings: everybody reads who uses what; whose they are reads and changes the note, and creates more.
class granted : public city_test {
 protected:
  granted() {
    auto shown = model::grant_on("urn:Booking", grant::read, model::compares("urn:open", json::value("yes")));
    shown.shows = grant::extent::only;
    shown.attributes = {symbol("urn:what"), symbol("urn:open")};
    auto own = model::grant_on("urn:Booking", grant::read | grant::change, model::own());
    own.shows = grant::extent::except;
    own.attributes = {symbol("urn:secret"), symbol("urn:by")};
    auto create = model::grant_on("urn:Booking", grant::create, model::own());
    city_->begin_with(model::test_world({model::role_with("everyone", {shown}), model::role_with("owner", {own, create})}).registry());
    put(who(), "urn:1", {{"urn:by", "ada"}, {"urn:what", "hall"}, {"urn:open", "yes"}, {"urn:note", "x"}, {"urn:secret", "s"}});
    put(who(), "urn:2", {{"urn:by", "bob"}, {"urn:what", "room"}, {"urn:open", "no"}, {"urn:note", "y"}, {"urn:secret", "s"}});
  }

  session owner(std::string const& name) {
    return session(city_, principal{.name = name, .role = role::member, .source = "test", .subject = name, .roles = {"owner"}});
  }
  static void put(session const& s, std::string const& id, std::map<std::string, std::string> const& values, char const* type = "urn:Booking") {
    s.apply([&](transaction& t) {
      auto const before = t.find(id);
      auto e = before ? entity(*before) : entity();
      e.id = id;
      if (!before) e.types = {symbol(type)};
      for (auto const& [name, value] : values) {
        auto a = attribute();
        a.name = symbol(name);
        a.value = value;
        e.set(make_attribute(std::move(a)));
      }
      t.put(std::move(e));
    });
  }
  static std::size_t count_of(entity_ptr const& e) { return e ? e->attributes.size() : 0; }
  static fault_kind refused(std::function<void()> const& what) {
    try {
      what();
    } catch (fault const& f) {
      return f.kind;
    }
    return fault_kind::internal;
  }
};

TEST_F(granted, entities_come_as_far_as_they_are_seen) {
  EXPECT_EQ(count_of(who(role::anonymous).find("urn:1")), 2u);
  EXPECT_EQ(count_of(who(role::anonymous).find("urn:2")), 0u);
  EXPECT_EQ(count_of(who(role::editor).find("urn:2")), 0u);
  EXPECT_EQ(count_of(owner("bob").find("urn:2")), 3u);
  EXPECT_EQ(count_of(who().find("urn:2")), 5u);
  EXPECT_EQ(who(role::anonymous).types(), (std::vector<std::pair<symbol, std::size_t>>{{symbol("urn:Booking"), 1}}));
  EXPECT_EQ(who(role::anonymous).attributes_of(symbol("urn:Booking")).size(), 2u);
  EXPECT_EQ(who(role::anonymous).series_of("urn:1").size(), 2u);
  EXPECT_EQ(who(role::anonymous).series_of("urn:2").size(), 0u);
}

TEST_F(granted, what_is_hidden_stays_when_an_entity_is_put_back) {
  put(owner("ada"), "urn:1", {{"urn:note", "changed"}});
  EXPECT_EQ(count_of(who().find("urn:1")), 5u);
  EXPECT_EQ(who().find("urn:1")->find(symbol("urn:note"))->value, json::value("changed"));
  // Neither what is there, hidden, nor what is seen and not to be changed; whether it is so already is not told.
  EXPECT_EQ(refused([&] { put(owner("ada"), "urn:1", {{"urn:secret", "s"}}); }), fault_kind::forbidden);
  EXPECT_EQ(refused([&] { put(owner("ada"), "urn:1", {{"urn:by", "bob"}}); }), fault_kind::forbidden);
}

TEST_F(granted, a_hidden_entity_is_not_there_and_its_id_is_not_to_be_had) {
  EXPECT_EQ(refused([&] { owner("ada").apply([](transaction& t) { t.get("urn:2"); }); }), fault_kind::not_found);
  EXPECT_EQ(refused([&] { owner("ada").apply([](transaction& t) { t.erase("urn:2"); }); }), fault_kind::not_found);
  EXPECT_EQ(refused([&] { put(owner("ada"), "urn:2", {{"urn:by", "ada"}}); }), fault_kind::forbidden);
  put(owner("ada"), "urn:3", {{"urn:by", "ada"}});
  EXPECT_EQ(refused([&] { put(owner("ada"), "urn:4", {{"urn:by", "bob"}}); }), fault_kind::forbidden);
  EXPECT_EQ(refused([&] { owner("ada").apply([](transaction& t) { t.erase("urn:3"); }); }), fault_kind::forbidden);
}

TEST_F(granted, a_grant_to_write_one_type_opens_no_other_and_no_records) {
  EXPECT_EQ(refused([&] { put(owner("ada"), "urn:5", {{"urn:by", "ada"}}, "urn:Bench"); }), fault_kind::forbidden);
  EXPECT_EQ(refused([&] { owner("ada").apply([](transaction& t) { t.put_record("token", "x", json::object()); }); }), fault_kind::forbidden);
  EXPECT_EQ(refused([&] { put(who(role::editor), "urn:6", {{"urn:by", "ada"}}); }), fault_kind::forbidden);
  put(who(role::editor), "urn:7", {{"urn:by", "ada"}}, "urn:Bench");
}

TEST_F(granted, history_needs_the_grant_to_change_it) {
  auto const note = [](transaction& t, char const* attribute) { t.observe({"urn:1", symbol(attribute), {}, attribute_kind::property}, {}); };
  owner("ada").apply([&](transaction& t) { note(t, "urn:note"); });
  EXPECT_EQ(refused([&] { owner("ada").apply([&](transaction& t) { note(t, "urn:what2"); note(t, "urn:secret"); }); }), fault_kind::forbidden);
  EXPECT_EQ(refused([&] { owner("bob").apply([&](transaction& t) { note(t, "urn:note"); }); }), fault_kind::forbidden);
}

TEST_F(granted, a_change_of_what_is_hidden_is_none) {
  auto const from = city_->status().position;
  put(who(), "urn:1", {{"urn:secret", "t"}});
  put(who(), "urn:1", {{"urn:what", "garden"}, {"urn:secret", "u"}});
  put(who(), "urn:2", {{"urn:open", "yes"}});
  auto reader = city_->read_live(from);
  auto changes = std::vector<change>();
  while (reader->position() < city_->status().position) reader->read(changes);
  auto seen = std::vector<entity_change>();
  for (auto const& c : changes) {
    auto const* const e = std::get_if<entity_change>(&c);
    auto shown = e ? who(role::anonymous).shown(*e) : std::nullopt;
    if (shown) seen.push_back(std::move(*shown));
  }
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(count_of(seen[0].after), 2u);
  ASSERT_EQ(seen[0].attributes.size(), 1u);
  EXPECT_EQ(seen[0].attributes[0].name, symbol("urn:what"));
  EXPECT_FALSE(seen[1].before);  // it was hidden, and is there now
  EXPECT_EQ(seen[1].attributes.size(), 2u);
}

}  // namespace
}  // namespace dos
