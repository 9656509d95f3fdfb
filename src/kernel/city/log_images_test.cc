// What is read from the log is what came: order, images, nothing lost.
#include "kernel/city/log_images.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <thread>

#include "kernel/city/city_fixture.h"
#include "kernel/store/sqlite.h"

namespace dos {
namespace {

std::string text_of(entity_ptr const& e) {
  if (!e) return "nothing";
  auto text = e->id + " v" + std::to_string(e->version) + " c" + std::to_string(e->created_at.us) + " m" +
              std::to_string(e->modified_at.us) + " d" + std::to_string(e->deleted_at.us);
  for (auto const t : e->types) text += " " + std::string(t.text());
  for (auto const& a : e->attributes) {
    text += " " + std::string(a->name.text()) + "=" + json::to_string(a->value) + "@" + std::to_string(a->modified_at.us);
  }
  return text;
}

std::string text_of(entity_change const& c) {
  auto text = std::to_string(c.position) + " at " + std::to_string(c.at.us) + ": " + text_of(c.before) + " -> " + text_of(c.after);
  for (auto const& a : c.attributes) text += " " + std::string(a.name.text()) + ":" + std::to_string(a.what);
  return text;
}
std::string text_of(history_change const& c) {
  return std::to_string(c.position) + ": " + c.entity + " " + std::string(c.name.text()) + " " + std::to_string(int(c.what)) + " " +
         std::to_string(c.first_number) + "+" + std::to_string(c.count);
}
std::string text_of(record_change const& c) {
  return std::to_string(c.position) + ": " + c.collection + "/" + c.key + " " + (c.record ? json::to_string(*c.record) : "gone");
}

class log_images_test : public city_test {
 protected:
  std::vector<std::string> read_from(std::uint64_t after, std::vector<change>* changes = nullptr) {
    auto const end = city_->status().position;
    auto const reader = city_->read_live(after);
    auto texts = std::vector<std::string>();
    auto found = std::vector<change>();
    for (auto i = 0; i < 2'000 && reader->position() < end; ++i) {
      found.clear();
      auto const gap = reader->read(found);
      if (gap) texts.push_back("gap " + std::to_string(gap->from) + " to " + std::to_string(gap->to));
      for (auto const& c : found) texts.push_back(std::visit([](auto const& one) { return text_of(one); }, c));
      if (changes) changes->insert(changes->end(), found.begin(), found.end());
      if (found.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(end, reader->position());
    return texts;
  }
  void erase(std::string const& id) {
    who().apply([&](transaction& t) { t.erase(id); });
  }
  void write_all_sorts() {
    set("urn:a", "urn:n", 1);
    set("urn:b", "urn:n", "b");
    city_->checkpoint();
    set("urn:a", "urn:m", 2);
    set("urn:a", "urn:n", 3);
    who().apply([](transaction& t) {
      auto e = entity(*t.get("urn:a"));
      e.remove(symbol("urn:m"), {});
      t.put(std::move(e));
      t.put_record("notes", "1", "mine");
      auto later = entity(*t.get("urn:a"));
      later.types.push_back(symbol("urn:Second"));
      t.put(std::move(later));
    });
    erase("urn:b");
    set("urn:b", "urn:n", "again");
    who().apply([](transaction& t) {
      auto o = observation();
      o.time = {5};
      o.value = 0;
      t.observe({.entity = "urn:a", .attribute = symbol("urn:n"), .dataset = {}}, std::move(o));
      t.erase_record("notes", "1");
    });
    city_->checkpoint();
    set("urn:a", "urn:n", 4);
    erase("urn:a");
  }
};

TEST_F(log_images_test, the_log_tells_exactly_what_was_told_when_it_came) {
  write_all_sorts();
  auto const told = read_from(0);
  ASSERT_GT(told.size(), 12u);
  city_->checkpoint();
  crash();  // nothing is in memory any more
  ASSERT_FALSE(city_->is_at_hand(0));
  EXPECT_EQ(told, read_from(0));
  set("urn:c", "urn:n", 1);
  set("urn:b", "urn:n", "later");
  city_->checkpoint();
  auto const more = read_from(0);
  EXPECT_EQ(told, std::vector(more.begin(), more.begin() + std::ptrdiff_t(told.size())));
  crash();
  EXPECT_EQ(more, read_from(0));
  for (auto after = std::uint64_t(1); after < city_->status().position; ++after) {
    auto const rest = read_from(after);
    ASSERT_LE(rest.size(), more.size());
    EXPECT_EQ(rest, std::vector(more.end() - std::ptrdiff_t(rest.size()), more.end())) << after;
  }
}

TEST_F(log_images_test, of_a_forgotten_entity_the_log_tells_that_it_went) {
  set("urn:a", "urn:n", 1);
  who().apply([](transaction& t) { t.forget("urn:a"); });
  city_->checkpoint();
  crash();
  auto changes = std::vector<change>();
  read_from(0, &changes);
  ASSERT_EQ(changes.size(), 4u);
  auto const& created = std::get<entity_change>(changes[0]);
  auto const& deleted = std::get<entity_change>(changes[1]);
  EXPECT_FALSE(created.before);
  EXPECT_TRUE(deleted.is_deletion());
  EXPECT_EQ(json::value(1), deleted.before->find(symbol("urn:n"))->value);
  EXPECT_EQ(history_change::kind::series_removed, std::get<history_change>(changes[2]).what);
  EXPECT_EQ(history_change::kind::forgotten, std::get<history_change>(changes[3]).what);
  // Today nobody is shown its values; who could see it learns that it is gone.
  EXPECT_FALSE(who().shown(created));
  ASSERT_TRUE(who().shown(deleted));
  EXPECT_TRUE(who().shown(deleted)->before->attributes.empty());
  EXPECT_FALSE(who(role::anonymous).shown(deleted));
}

TEST_F(log_images_test, what_was_erased_or_closed_since_is_not_shown) {
  set("urn:a", "urn:n", 1);
  set("urn:a", "urn:m", 1);
  set("urn:a", "urn:n", 2);
  auto const series = who().series_of("urn:a").at(0).series;
  auto const first = who().history().range(series, {}).at(0).number;
  auto changes = std::vector<change>();
  read_from(0, &changes);
  ASSERT_EQ(changes.size(), 3u);
  auto const& created = std::get<entity_change>(changes[0]);
  EXPECT_TRUE(who().shown(created));
  EXPECT_FALSE(who(role::anonymous).shown(created));
  who().apply([](transaction& t) { t.put_record(open_types_collection, "urn:T", json::object({{"type", "urn:T"}})); });
  EXPECT_TRUE(who(role::anonymous).shown(created));
  who().apply([&](transaction& t) { t.remove_observation(series, first); });
  ASSERT_TRUE(who().shown(created));  // it was created, and that is all
  EXPECT_TRUE(who().shown(created)->after->attributes.empty());
  auto const second = who().shown(std::get<entity_change>(changes[1]));
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->after->find(symbol("urn:n")));
  EXPECT_TRUE(second->after->find(symbol("urn:m")));
  // The present types decide as well.
  who().apply([](transaction& t) {
    auto e = entity(*t.get("urn:a"));
    e.types = {symbol("urn:Closed")};
    t.put(std::move(e));
  });
  EXPECT_FALSE(who(role::anonymous).shown(std::get<entity_change>(changes[2])));
  EXPECT_TRUE(who().shown(std::get<entity_change>(changes[2])));
}

TEST_F(log_images_test, a_damaged_entry_is_a_gap_with_its_positions_and_what_follows_is_told) {
  set("urn:a", "urn:n", 1);
  set("urn:a", "urn:n", 2);
  set("urn:a", "urn:n", 3);
  city_->checkpoint();
  crash();  // begins to keep images anew
  auto const begun = city_->status().position + 1;
  set("urn:a", "urn:n", 4);
  city_->checkpoint();
  crash([](std::filesystem::path const& home) {
    auto log = store::connection(home / "log.db", store::connection::access::read_write);
    log.execute("UPDATE log SET batch = x'00' WHERE position = 2");
  });
  auto const told = read_from(0);
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ("gap 2 to " + std::to_string(begun), told[1]);
  EXPECT_NE(told[2].find("urn:n=3"), told[2].npos);  // before
  EXPECT_NE(told[2].find("urn:n=4"), told[2].npos);  // after
}

TEST(a_batch, of_older_programs_is_read) {
  auto names = name_table();
  auto e = effect::entity_changed();
  e.id = "urn:a";
  e.created = e.head = true;
  e.types = {symbol("urn:T")};
  auto bytes = encode_batch({0, {{{7}, {e}}}}, names);
  EXPECT_EQ(2, bytes[0]);
  bytes[0] = 1;
  bytes.erase(1, 1);
  EXPECT_EQ(0u, images_from(bytes));
  auto again = name_table();
  auto const b = decode_batch(bytes, again);
  EXPECT_EQ(0u, b.images_from);
  EXPECT_EQ("urn:a", std::get<effect::entity_changed>(b.writes.at(0).effects.at(0)).id);
}

// Values by entity, in the order in which a subscriber was told.
struct receiver {
  std::mutex mutex;
  std::map<std::string, std::vector<std::int64_t>> told;
  std::size_t count = 0;
  std::atomic<bool> is_there{false};

  subscription_kind kind() {
    auto k = subscription_kind();
    k.collection = "sub";
    k.compile = [](std::string_view, json::value const&) {
      auto w = watch();
      w.who.role = role::admin;
      return std::optional(w);
    };
    k.send = [this](auto const&, auto const&, std::vector<delivery> entries, std::function<void(sent)> done) {
      if (!is_there) return done({.ok = false, .error = "away", .taken = 0});
      {
        auto const lock = std::lock_guard(mutex);
        for (auto const& d : entries) {
          told[d.change.after->id].push_back(d.change.after->find(symbol("urn:n"))->value.as_int());
          ++count;
        }
      }
      done({.ok = true, .error = {}, .taken = 0});
    };
    return k;
  }
};

TEST_F(log_images_test, who_was_away_hears_everything_in_order_while_more_comes) {
  constexpr auto entities = 100, rounds = 306, away = 104;  // 30,600 changes; the outbox holds 10,000
  auto r = receiver();
  kinds_.push_back(r.kind());
  crash();
  who().apply([](transaction& t) { t.put_record("sub", "s", json::object()); });
  auto ids = std::vector<std::string>();
  for (auto i = 0; i < entities; ++i) ids.push_back("urn:" + std::to_string(i));
  auto const write = [&](int round) { set(ids, "urn:n", round); };
  for (auto round = 0; round < away; ++round) write(round);
  r.is_there = true;
  for (auto round = away; round < rounds; ++round) write(round);
  for (auto i = 0; i < 3'000 && city_->subscriptions().status("sub", "s").waiting + city_->subscriptions().status("sub", "s").behind > 0; ++i) {
    clock_.us_ += us_per_second;  // so that what failed is tried again
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  auto const status = city_->subscriptions().status("sub", "s");
  EXPECT_EQ(0u, status.behind);
  EXPECT_EQ(0u, status.gap_to);
  auto const lock = std::lock_guard(r.mutex);
  EXPECT_EQ(std::size_t(entities * rounds), r.count);
  for (auto const& [id, values] : r.told) {
    ASSERT_EQ(std::size_t(rounds), values.size()) << id;
    for (auto round = 0; round < rounds; ++round) ASSERT_EQ(round, values[std::size_t(round)]) << id;
  }
}

TEST_F(log_images_test, a_replay_comes_before_what_is_written_meanwhile) {
  auto r = receiver();
  r.is_there = true;
  kinds_.push_back(r.kind());
  crash();
  for (auto n = 1; n <= 100; ++n) set("urn:a", "urn:n", n);
  who().apply([](transaction& t) { t.put_record("sub", "s", json::object()); });
  while (true) {
    try {
      city_->subscriptions().replay("sub", "s", 1);
      break;
    } catch (fault const&) {  // not followed yet
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  set("urn:a", "urn:n", 101);
  for (auto i = 0; i < 1'000; ++i) {
    {
      auto const lock = std::lock_guard(r.mutex);
      if (r.count >= 101) break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  auto const lock = std::lock_guard(r.mutex);
  auto expected = std::vector<std::int64_t>();
  for (auto n = 1; n <= 101; ++n) expected.push_back(n);
  EXPECT_EQ(expected, r.told["urn:a"]);
}

}  // namespace
}  // namespace dos
