#include "kernel/city/city.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <thread>

#include "kernel/access/token.h"
#include "kernel/city/city_fixture.h"
#include "kernel/history/history.h"

namespace dos {
namespace {

TEST_F(city_test, the_least_number_of_an_entitys_series_stays_with_it_when_that_history_is_removed) {
  set("urn:a", "level", 1);
  set("urn:a", "height", 2);
  auto const first = who().series_of("urn:a").at(0).series;
  who().apply([&](transaction& t) {
    auto e = entity(*t.get("urn:a"));
    e.remove(symbol("level"), {});
    t.put(std::move(e), transaction::keep::nothing);
    t.remove_series("urn:a", first);
  });
  for (auto round = 0; round < 2; ++round) {
    ASSERT_TRUE(who().find_series(first)) << round;
    EXPECT_EQ("urn:a", who().find_series(first)->entity->id);
    EXPECT_FALSE(who().history().last(first));
    crash();
  }
  who().apply([&](transaction& t) { t.forget("urn:a"); });
  EXPECT_FALSE(who().find_series(first));
}

TEST_F(city_test, observations_written_in_rows_are_found_by_number_and_survive_a_crash) {
  set("urn:a", "level", 1);
  auto const series = who().series_of("urn:a").at(0).series;
  auto first = std::uint64_t(0);
  who().apply([&](transaction& t) {
    auto rows = std::vector<observation>(3);
    for (auto i = 0; i < 3; ++i) rows[std::size_t(i)] = {.number = 0, .time = {1000 + i}, .value = i, .extras = {}};
    first = t.observe(series, std::move(rows));
  });
  crash();
  auto const owner = who().find_observed(first + 2);
  ASSERT_TRUE(owner);
  EXPECT_EQ("urn:a", owner->entity->id);
  EXPECT_EQ(json::value(2), who().history().find(series, first + 2)->value);
  set("urn:a", "level", 4);
  EXPECT_EQ(first + 3, who().history().last(series)->number);
}

TEST_F(city_test, a_series_names_its_entity_and_strangers_learn_nothing_from_its_number) {
  set("urn:a", "level", 1);
  set("urn:b", "level", 2);
  auto const series = who().series_of("urn:b").at(0).series;
  ASSERT_TRUE(who().find_series(series));
  EXPECT_EQ("urn:b", who().find_series(series)->entity->id);
  EXPECT_FALSE(who(role::anonymous).find_series(series));
  EXPECT_FALSE(who().find_series(series + 1));
  crash();
  EXPECT_EQ("urn:b", who().find_series(series)->entity->id);
}

TEST_F(city_test, a_read_after_the_answer_sees_the_write) {
  set("urn:a", "urn:n", 1);
  EXPECT_EQ(who().get("urn:a")->find(symbol("urn:n"))->value, json::value(1));
  set("urn:a", "urn:n", 2);
  EXPECT_EQ(who().get("urn:a")->find(symbol("urn:n"))->value, json::value(2));
  EXPECT_EQ(history_of("urn:a", "urn:n"), (std::vector<json::value>{1, 2}));
}

TEST_F(city_test, what_was_answered_survives_a_crash_before_and_after_a_checkpoint) {
  set("urn:a", "urn:n", 1);
  city_->checkpoint();
  set("urn:a", "urn:n", 2);
  set("urn:b", "urn:n", "text");
  crash();
  EXPECT_EQ(history_of("urn:a", "urn:n"), (std::vector<json::value>{1, 2}));
  EXPECT_EQ(who().get("urn:b")->find(symbol("urn:n"))->value, json::value("text"));
  set("urn:a", "urn:n", 3);
  crash();
  crash();
  EXPECT_EQ(history_of("urn:a", "urn:n"), (std::vector<json::value>{1, 2, 3}));
}

TEST_F(city_test, a_refused_write_leaves_no_trace) {
  set("urn:a", "urn:n", 1);
  EXPECT_THROW(who().apply([&](transaction& t) {
    t.erase("urn:a");
    t.put_record("c", "k", 1);
    throw fault(fault_kind::conflict, "no");
  }),
               fault);
  EXPECT_TRUE(who().find("urn:a"));
  EXPECT_FALSE(who().find_record("c", "k"));
}

TEST_F(city_test, a_write_that_the_log_cannot_hold_is_refused_and_the_city_goes_on) {
  auto bottomless = json::value(1);
  for (auto i = 0; i < json::depth_max + 5; ++i) bottomless = json::array{std::move(bottomless)};
  EXPECT_THROW(set("urn:deep", "urn:n", std::move(bottomless)), fault);
  EXPECT_FALSE(who().find("urn:deep"));
  set("urn:flat", "urn:n", 1);
  EXPECT_TRUE(who().find("urn:flat"));
}

TEST_F(city_test, a_part_of_a_write_that_fails_leaves_no_trace_and_the_rest_stands) {
  set("urn:a", "urn:n", 1);
  who().apply([&](transaction& t) {
    auto const put = [&](std::string const& id, int n) {
      auto e = t.find(id) ? entity(*t.find(id)) : entity();
      e.id = id;
      e.types = {symbol("urn:T")};
      auto a = attribute();
      a.name = symbol("urn:n");
      a.value = n;
      e.set(make_attribute(std::move(a)));
      t.put(std::move(e));
    };
    EXPECT_FALSE(t.attempt([&] { put("urn:b", 2); }));
    auto const refused = t.attempt([&] {
      put("urn:a", 3);
      put("urn:b", 3);
      put("urn:c", 3);
      t.forget("urn:a");
      t.put_record("notes", "1", "mine");
      t.get("urn:nobody");
    });
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->kind, fault_kind::not_found);
    EXPECT_FALSE(t.find("urn:c"));
    EXPECT_EQ(t.find("urn:b")->find(symbol("urn:n"))->value, json::value(2));
    EXPECT_FALSE(t.attempt([&] { put("urn:d", 4); }));
  });
  crash();
  EXPECT_EQ(history_of("urn:a", "urn:n"), (std::vector<json::value>{1}));
  EXPECT_EQ(history_of("urn:b", "urn:n"), (std::vector<json::value>{2}));
  EXPECT_EQ(history_of("urn:d", "urn:n"), (std::vector<json::value>{4}));
  EXPECT_FALSE(who().find("urn:c"));
  EXPECT_FALSE(who().find_record("notes", "1"));
}

TEST_F(city_test, two_writes_for_one_place_do_not_both_get_it) {
  auto granted = std::atomic<int>(0);
  auto threads = std::vector<std::thread>();
  for (auto i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (auto slot = 0; slot < 50; ++slot) {
        try {
          who().apply([&](transaction& t) {
            require(!t.find_record("slot", std::to_string(slot)), fault_kind::conflict, "taken");
            t.put_record("slot", std::to_string(slot), true);
          });
          ++granted;
        } catch (fault const& f) {
          EXPECT_EQ(f.kind, fault_kind::conflict);
        }
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(granted, 50);
}

TEST_F(city_test, a_deleted_entity_keeps_its_history_and_may_come_again) {
  set("urn:a", "urn:n", 1);
  who().apply([](transaction& t) { t.erase("urn:a"); });
  EXPECT_FALSE(who().find("urn:a"));
  EXPECT_EQ(history_of("urn:a", "urn:n").size(), 2u);  // the value, and that it ended
  crash();
  EXPECT_FALSE(who().find("urn:a"));
  set("urn:a", "urn:n", 5);
  EXPECT_EQ(who().get("urn:a")->find(symbol("urn:n"))->value, json::value(5));
  EXPECT_EQ(history_of("urn:a", "urn:n").size(), 3u);
}

TEST_F(city_test, a_forgotten_entity_leaves_nothing_behind) {
  set("urn:a", "urn:n", 1);
  who().apply([](transaction& t) { t.forget("urn:a"); });
  EXPECT_FALSE(who().find_with_history("urn:a"));
  crash();
  EXPECT_FALSE(who().find_with_history("urn:a"));
  EXPECT_TRUE(who().series_of("urn:a").empty());
}

TEST_F(city_test, nothing_is_public_until_it_is_marked_open) {
  set("urn:a", "urn:n", 1);
  EXPECT_FALSE(who(role::anonymous).find("urn:a"));
  EXPECT_EQ(who(role::anonymous).find(query::query{}).entities.size(), 0u);
  who().apply([](transaction& t) { t.put_record(open_types_collection, "urn:T", json::object({{"type", "urn:T"}})); });
  EXPECT_TRUE(who(role::anonymous).find("urn:a"));
  crash();
  EXPECT_TRUE(who(role::anonymous).find("urn:a"));
  EXPECT_THROW(who(role::anonymous).apply([](transaction&) {}), fault);
  EXPECT_THROW(who(role::viewer).apply([](transaction&) {}), fault);
}

TEST_F(city_test, notifications_that_were_due_come_after_a_crash) {
  auto sent_values = std::make_shared<std::vector<json::value>>();
  auto reachable = std::make_shared<std::atomic<bool>>(false);
  auto mutex = std::make_shared<std::mutex>();
  auto kind = subscription_kind();
  kind.collection = "sub";
  kind.compile = [](std::string_view, json::value const&) {
    auto w = watch();
    w.who.role = role::admin;
    return std::optional(w);
  };
  kind.send = [=](auto const&, auto const&, std::vector<delivery> entries, std::function<void(sent)> done) {
    if (!*reachable) return done({.ok = false, .error = "down", .taken = 0});
    {
      auto const lock = std::lock_guard(*mutex);
      for (auto const& d : entries) sent_values->push_back(d.change.after->find(symbol("urn:n"))->value);
    }
    done({.ok = true, .error = {}, .taken = 0});
  };
  kinds_.push_back(kind);
  crash();
  who().apply([](transaction& t) { t.put_record("sub", "s", json::object()); });
  for (auto i = 1; i <= 20; ++i) set("urn:a", "urn:n", i);
  city_->checkpoint();
  for (auto i = 21; i <= 40; ++i) set("urn:a", "urn:n", i);
  *reachable = true;
  crash();
  for (auto i = 0; i < 600; ++i) {
    {
      auto const lock = std::lock_guard(*mutex);
      if (!sent_values->empty() && sent_values->back() == json::value(40)) break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  auto const lock = std::lock_guard(*mutex);
  auto distinct = std::vector<std::int64_t>();
  for (auto const& v : *sent_values) {
    if (distinct.empty() || v.as_int() > distinct.back()) distinct.push_back(v.as_int());
  }
  ASSERT_EQ(distinct.size(), 40u);
  EXPECT_EQ(distinct.front(), 1);
}

TEST_F(city_test, a_live_reader_resumes_where_it_stopped_and_slows_nobody) {
  set("urn:a", "urn:n", 1);
  auto const first = city_->status().position;
  set("urn:a", "urn:n", 2);
  set("urn:b", "urn:n", 3);
  crash();
  auto reader = city_->read_live(first);
  auto changes = std::vector<change>();
  for (auto i = 0; i < 200 && changes.size() < 2; ++i) {
    EXPECT_FALSE(reader->read(changes));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(std::get<entity_change>(changes[0]).after->id, "urn:a");
  EXPECT_EQ(std::get<entity_change>(changes[1]).after->id, "urn:b");
}

TEST_F(city_test, a_live_reader_from_beyond_the_end_begins_with_a_gap) {
  set("urn:a", "urn:n", 1);
  auto reader = city_->read_live(city_->status().position + 7);
  auto changes = std::vector<change>();
  EXPECT_TRUE(reader->read(changes));
  EXPECT_EQ(reader->position(), city_->status().position);
  EXPECT_FALSE(reader->read(changes));
}

TEST_F(city_test, a_session_is_over_when_its_token_expires_or_is_revoked) {
  auto s = session(city_, principal{.name = "test", .role = role::viewer, .source = "test", .tokens = {"t", "parent"}, .until = {5}});
  EXPECT_FALSE(s.is_over({4}));
  EXPECT_TRUE(s.is_over({5}));
  who().apply([](transaction& t) { t.put_record(revoked_tokens_collection, "parent", 1); });
  EXPECT_TRUE(s.is_over({4}));
}

TEST_F(city_test, a_flood_of_one_source_is_refused_and_others_are_served) {
  auto hold = std::promise<void>();
  auto const held = hold.get_future().share();
  auto flood = session(city_, principal{.name = "f", .role = role::admin, .source = "flood"});
  auto refused = 0;
  flood.submit([held](transaction&) { held.wait(); }, [](outcome const&) {});
  for (auto i = 0; i < 30'000; ++i) {
    try {
      flood.submit([](transaction& t) { t.put_record("f", "k", 1); }, [](outcome const&) {});
    } catch (fault const& f) {
      EXPECT_EQ(f.kind, fault_kind::too_many);
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
  auto served_at = std::promise<std::size_t>();
  who().submit([](transaction& t) { t.put_record("x", "k", 1); }, [&](outcome const&) { served_at.set_value(city_->status().queued); });
  hold.set_value();
  EXPECT_GT(served_at.get_future().get(), 10'000u);  // long before the flood is through
}

TEST_F(city_test, history_is_kept_as_long_as_the_policy_of_the_type_says) {
  who().apply([](transaction& t) { t.put_record(retention_collection, "urn:T", json::object({{"days", 1}})); });
  auto const at = [&](std::int64_t us, json::value v) {
    who().apply([&](transaction& t) {
      auto e = entity();
      e.id = "urn:a";
      e.types = {symbol("urn:T")};
      auto a = attribute();
      a.name = symbol("urn:n");
      a.value = v;
      a.observed_at = {us};
      e.set(make_attribute(std::move(a)));
      t.put(std::move(e));
    });
  };
  auto const now = clock_.now().us;
  at(now - 3 * 86'400 * us_per_second, 1);
  at(now - 3'600 * us_per_second, 2);
  EXPECT_EQ(history_of("urn:a", "urn:n").size(), 2u);
  city_->checkpoint();
  clock_.us_ += 2 * 3'600 * us_per_second;
  at(clock_.now().us, 3);
  city_->checkpoint();
  clock_.us_ += 2 * 3'600 * us_per_second;
  at(clock_.now().us, 4);
  city_->checkpoint();
  EXPECT_EQ(history_of("urn:a", "urn:n"), (std::vector<json::value>{2, 3, 4}));
}

TEST_F(city_test, what_is_observed_far_ahead_is_history_and_what_is_stays_also_after_a_crash) {
  auto const observe = [&](timestamp at, json::value v) {
    return who().apply([&](transaction& t) {
      auto const before = t.find("urn:a");
      auto e = before ? entity(*before) : entity();
      e.id = "urn:a";
      e.types = {symbol("urn:T")};
      auto a = attribute();
      a.name = symbol("urn:n");
      a.value = std::move(v);
      a.observed_at = at;
      e.set(make_attribute(std::move(a)));
      EXPECT_NE(0u, t.put(std::move(e)));
    });
  };
  auto const now = clock_.now();
  auto const year = std::int64_t(365) * 86'400 * us_per_second;
  EXPECT_EQ(1u, observe(now + year, 9).set_aside);
  EXPECT_TRUE(who().get("urn:a")->attributes.empty());
  EXPECT_EQ(0u, observe(now, 1).set_aside);
  EXPECT_EQ(1u, observe(now + 2 * year, 8).set_aside);
  EXPECT_EQ(0u, observe(now + 60 * us_per_second, 2).set_aside);
  for (auto round = 0; round < 2; ++round) {
    EXPECT_EQ(json::value(2), who().get("urn:a")->find(symbol("urn:n"))->value);
    EXPECT_EQ(history_of("urn:a", "urn:n"), (std::vector<json::value>{1, 2, 9, 8}));
    crash();
  }
}

TEST_F(city_test, a_directory_can_be_moved_and_a_backup_opens_like_the_original) {
  for (auto i = 0; i < 100; ++i) set("urn:" + std::to_string(i), "urn:n", i);
  auto const copy = directory_.string() + "-backup";
  city_->backup_to(copy);
  set("urn:later", "urn:n", 1);
  auto moved = city::open("elsewhere", copy, clock_);
  moved->start_sending();
  auto s = session(moved, principal{.name = "t", .role = role::admin, .source = "t"});
  auto everything = query::query();
  everything.limit = 1000;
  EXPECT_EQ(s.find(everything).entities.size(), 100u);
  EXPECT_FALSE(s.find("urn:later"));
  moved.reset();
  std::filesystem::remove_all(copy);
}

}  // namespace
}  // namespace dos
