// What a device's token may write, whatever door it comes through.
#include "kernel/city/governed_write.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "base/id.h"
#include "kernel/access/token.h"
#include "kernel/city/city.h"
#include "kernel/history/history.h"

namespace dos {
namespace {

struct passing_clock final : clock {
  timestamp now() const override { return {++us_}; }
  mutable std::atomic<std::int64_t> us_{1'700'000'000'000'000};
};

class a_devices_write : public testing::Test {
 protected:
  a_devices_write() : directory_(std::filesystem::temp_directory_path() / ("dos-device-" + new_uuid())) { open(); }
  ~a_devices_write() override {
    city_.reset();
    std::filesystem::remove_all(directory_);
  }
  void open() {
    city_.reset();
    city_ = city::open("home", directory_, clock_);
    city_->let_devices_note("notes");
    city_->start_sending();
  }
  session device(std::string name = "meter-1", std::vector<std::string> brings = {}) {
    return session(city_, {.name = std::move(name), .role = role::device, .source = "test", .city = "home", .brings = std::move(brings)});
  }
  session editor() { return session(city_, {.name = "staff", .role = role::editor, .source = "staff"}); }
  static attribute_ptr value(std::string_view name, json::value v) {
    auto a = attribute();
    a.name = symbol(name);
    a.value = std::move(v);
    return make_attribute(std::move(a));
  }
  static observation seen(std::int64_t at_us, json::value v) {
    auto o = observation();
    o.time = {at_us};
    o.value = std::move(v);
    return o;
  }
  static entity thing(std::string_view id, std::string_view type = "urn:Closed") {
    auto e = entity();
    e.id = id;
    e.types = {symbol(type)};
    e.set(value("level", 1));
    return e;
  }
  static void set(session const& s, std::string_view id, std::function<void(entity&)> change) {
    s.apply([&](transaction& t) {
      auto e = entity(*t.get(id));
      change(e);
      t.put(std::move(e));
    });
  }
  std::uint64_t series_of(std::string_view id) { return editor().series_of(id).front().series; }

  passing_clock clock_;
  std::filesystem::path directory_;
  std::shared_ptr<city> city_;
};

fault_kind refused(std::function<void()> const& f) {
  try {
    f();
  } catch (fault const& refusal) {
    return refusal.kind;
  }
  return fault_kind::internal;
}

TEST_F(a_devices_write, makes_what_is_its_own_and_brings_values_for_it_also_after_a_restart) {
  device().apply([](transaction& t) { t.put(thing("urn:1")); });
  set(device(), "urn:1", [](entity& e) { e.set(value("level", 2)); });
  city_->checkpoint();
  open();
  set(device(), "urn:1", [](entity& e) { e.set(value("level", 3)); });
  device().apply([&](transaction& t) { t.observe({.entity = "urn:1", .attribute = symbol("level"), .dataset = {}}, seen(5, 0)); });
  EXPECT_EQ(device().get("urn:1")->find(symbol("level"))->value, json::value(3));
  EXPECT_FALSE(device("meter-2").find("urn:1")) << "another device does not even see it";
}

TEST_F(a_devices_write, leaves_alone_what_others_brought) {
  editor().apply([](transaction& t) { t.put(thing("urn:staff")); });
  device("meter-2").apply([](transaction& t) { t.put(thing("urn:2")); });
  for (auto const id : {"urn:staff", "urn:2"}) {
    SCOPED_TRACE(id);
    auto const series = series_of(id);
    EXPECT_EQ(refused([&] { set(device(), id, [](entity& e) { e.set(value("level", 2)); }); }), fault_kind::not_found);
    EXPECT_EQ(refused([&] { device().apply([&](transaction& t) { t.put(thing(id)); }); }), fault_kind::forbidden);
    EXPECT_EQ(refused([&] { device().apply([&](transaction& t) { t.erase(id); }); }), fault_kind::not_found);
    EXPECT_EQ(refused([&] { device().apply([&](transaction& t) { t.forget(id); }); }), fault_kind::not_found);
    EXPECT_EQ(refused([&] { device().apply([&](transaction& t) { t.start_series({.entity = id, .attribute = symbol("new"), .dataset = {}}); }); }),
              fault_kind::not_found);
    EXPECT_EQ(refused([&] { device().apply([&](transaction& t) { t.observe(series, {seen(5, 0)}); }); }), fault_kind::not_found);
    EXPECT_EQ(editor().get(id)->find(symbol("level"))->value, json::value(1));
    EXPECT_EQ(editor().series_of(id).size(), 1u);
  }
}

TEST_F(a_devices_write, says_no_to_what_it_may_see_and_nothing_to_what_is_hidden) {
  editor().apply([](transaction& t) {
    t.put(thing("urn:hidden"));
    t.put(thing("urn:seen", "urn:Open"));
    t.put_record(open_types_collection, "urn:Open", json::object{{"type", "urn:Open"}});
  });
  EXPECT_EQ(refused([&] { set(device(), "urn:seen", [](entity& e) { e.set(value("level", 2)); }); }), fault_kind::forbidden);
  auto told = std::vector<std::string>();
  for (auto const id : {"urn:hidden", "urn:nowhere"}) {
    try {
      set(device(), id, [](entity& e) { e.set(value("level", 2)); });
    } catch (fault const& f) {
      EXPECT_EQ(f.kind, fault_kind::not_found);
      told.push_back(f.detail.substr(0, f.detail.find("urn:")));
    }
  }
  EXPECT_EQ(told.size(), 2u);
  EXPECT_EQ(told.front(), told.back());
}

TEST_F(a_devices_write, deletes_nothing_and_publishes_nothing_of_its_own_either) {
  editor().apply([](transaction& t) { t.put_record(open_types_collection, "urn:Open", json::object{{"type", "urn:Open"}}); });
  device().apply([](transaction& t) { t.put(thing("urn:1")); });
  auto const series = series_of("urn:1");
  auto const number = editor().history().last(series)->number;
  for (auto const& attempt : std::vector<std::function<void(transaction&)>>{
           [](transaction& t) { t.erase("urn:1"); },
           [](transaction& t) { t.forget("urn:1"); },
           [&](transaction& t) { t.remove_series("urn:1", series); },
           [&](transaction& t) { t.remove_observation(series, number); },
           [&](transaction& t) { t.change_observation(series, number, seen(5, 9)); },
           [](transaction& t) {
             auto e = entity(*t.get("urn:1"));
             e.remove(symbol("level"), {});
             t.put(std::move(e));
           },
           [](transaction& t) {
             auto e = entity(*t.get("urn:1"));
             e.types.push_back(symbol("urn:Open"));
             t.put(std::move(e));
           },
           [](transaction& t) {
             auto e = entity(*t.get("urn:1"));
             e.scopes.push_back(symbol("/a"));
             t.put(std::move(e));
           },
           [](transaction& t) {
             auto e = entity(*t.get("urn:1"));
             e.deleted_at = t.now();
             t.put(std::move(e));
           }}) {
    EXPECT_EQ(refused([&] { device().apply(attempt); }), fault_kind::forbidden);
  }
  EXPECT_FALSE(session(city_, {}).find("urn:1"));
  EXPECT_EQ(editor().history().range(series, {}).size(), 1u);
}

TEST_F(a_devices_write, touches_no_records_of_the_platform) {
  constexpr auto tokens = record_collection{"token", "app", "id"};
  for (auto const collection : {tokens, open_types_collection, revoked_tokens_collection, brought_collection, bringer_collection}) {
    EXPECT_EQ(refused([&] { device().apply([&](transaction& t) { t.put_record(collection, "x", true); }); }), fault_kind::forbidden);
    EXPECT_EQ(refused([&] { device().apply([&](transaction& t) { t.erase_record(collection, "x"); }); }), fault_kind::forbidden);
  }
  device().apply([](transaction& t) { t.put_record("notes", "x", true); });
}

TEST_F(a_devices_write, brings_values_for_what_its_token_names) {
  editor().apply([](transaction& t) {
    t.put(thing("urn:roof:1"));
    t.put(thing("urn:cellar:1"));
  });
  auto const s = device("meter-1", {"urn:roof:*"});
  set(s, "urn:roof:1", [](entity& e) { e.set(value("level", 2)); });
  EXPECT_TRUE(s.find("urn:roof:1"));
  EXPECT_EQ(refused([&] { set(s, "urn:cellar:1", [](entity& e) { e.set(value("level", 2)); }); }), fault_kind::not_found);
  EXPECT_EQ(refused([&] { s.apply([](transaction& t) { t.erase("urn:roof:1"); }); }), fault_kind::forbidden);
}

TEST_F(a_devices_write, makes_no_more_entities_than_a_device_has_and_room_comes_back) {
  editor().apply([](transaction& t) { t.put_record(bringer_collection, "meter-1", json::object{{"entities", brought_entities_max - 1}}); });
  device().apply([](transaction& t) { t.put(thing("urn:last")); });
  EXPECT_EQ(refused([&] { device().apply([](transaction& t) { t.put(thing("urn:more")); }); }), fault_kind::forbidden);
  editor().apply([](transaction& t) { t.forget("urn:last"); });
  EXPECT_FALSE(editor().find_record(brought_collection, "urn:last"));
  device().apply([](transaction& t) { t.put(thing("urn:more")); });
}

TEST_F(a_devices_write, makes_again_what_was_deleted_when_it_was_its_own) {
  device().apply([](transaction& t) { t.put(thing("urn:1")); });
  editor().apply([](transaction& t) {
    t.put(thing("urn:staff"));
    t.erase("urn:1");
    t.erase("urn:staff");
  });
  device().apply([](transaction& t) { t.put(thing("urn:1")); });
  EXPECT_EQ(refused([&] { device().apply([](transaction& t) { t.put(thing("urn:staff")); }); }), fault_kind::forbidden);
}

TEST(a_principal, is_nobody_in_another_city) {
  auto const directory = std::filesystem::temp_directory_path() / ("dos-away-" + new_uuid());
  auto const clock = passing_clock();
  {
    auto const c = city::open("home", directory, clock);
    c->start_sending();
    auto const s = session(c, {.name = "neighbour", .role = role::admin, .source = "test", .city = "elsewhere"});
    EXPECT_EQ(refused([&] { s.apply([](transaction&) {}); }), fault_kind::unauthenticated);
    EXPECT_FALSE(s.who().may_read_all());
  }
  std::filesystem::remove_all(directory);
}

TEST(a_principal, comes_back_from_its_record_with_all_that_ends_it) {
  auto const who = principal{.name = "n", .role = role::device, .source = "s", .tokens = {"a", "b"}, .until = {7}, .city = "home", .brings = {"urn:*"}};
  auto const read = read_principal(to_json(who));
  EXPECT_EQ(read.name, "n");
  EXPECT_EQ(read.role, role::device);
  EXPECT_EQ(read.tokens, who.tokens);
  EXPECT_EQ(read.until, who.until);
  EXPECT_EQ(read.city, "home");
  EXPECT_EQ(read.brings, who.brings);
}

}  // namespace
}  // namespace dos
