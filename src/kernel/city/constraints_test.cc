// Constraints against a naive model that knows nothing but the list of what is there: thousands of random writes, some in
// attempts, some refused as a whole, some whose append fails; and the index that is made anew at a start agrees with the one
// that has followed.
#include <algorithm>
#include <random>

#include "kernel/city/model_fixture.h"
#include "kernel/store/failing_medium.h"

namespace dos::model_world {
namespace {


struct naive {
  struct booked {
    std::string room;
    int from, to;
    int seats;
    std::string reference;
    bool counts = true;
  };
  std::map<std::string, booked> all;
  std::map<std::string, std::string> part_of;
  std::map<std::string, int> places;

  bool is_above(std::string const& up, std::string room) const {
    for (auto it = part_of.find(room); it != part_of.end(); it = part_of.find(room)) {
      if (it->second == up) return true;
      room = it->second;
    }
    return false;
  }
  // Whether the one of this id may stand beside the others.
  bool fits(std::string const& id) const {
    auto const& mine = all.at(id);
    for (auto const& [other, b] : all) {
      if (other != id && !mine.reference.empty() && b.reference == mine.reference) return false;
    }
    if (!mine.counts) return true;
    auto const most = places.at(mine.room);
    for (auto t = mine.from; t < mine.to; ++t) {
      auto taken = 0;
      for (auto const& [other, b] : all) {
        if (!b.counts || b.from > t || b.to <= t) continue;
        if (b.room == mine.room) taken += b.seats;
        else if (is_above(b.room, mine.room) || is_above(mine.room, b.room)) return false;
      }
      if (taken > most) return false;
    }
    return true;
  }
};

class constrained : public modelled_city {
 protected:
  constrained() {
    world_.part_of = {{"urn:left", "urn:hall"}, {"urn:right", "urn:hall"}, {"urn:corner", "urn:left"}};
    world_.places = {{"urn:hall", 1}, {"urn:left", 1}, {"urn:right", 3}, {"urn:corner", 2}, {"urn:shed", 1}, {"urn:pool", 8}};
    for (auto const& [room, n] : world_.places) {
      auto e = made(room, "Room", {value("places", n)});
      if (auto const up = world_.part_of.find(room); up != world_.part_of.end()) e.set(link("partOf", up->second));
      put(admin(), std::move(e));
    }
  }

  int pick(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }
  naive::booked some() {
    static auto const rooms = std::vector<std::string>{"urn:hall", "urn:left", "urn:right", "urn:corner", "urn:shed", "urn:pool"};
    auto const from = pick(60);
    auto const length = pick(12) == 0 ? 30 : 1 + pick(4);
    auto const& room = rooms[std::size_t(pick(int(rooms.size())))];
    return {room, from, from + length, room == "urn:pool" || room == "urn:right" ? 1 + pick(3) : 1,
            pick(4) == 0 ? "ref" + std::to_string(pick(40)) : std::string()};
  }
  static entity image(std::string const& id, naive::booked const& b) {
    auto e = booking(id, b.room, b.from, b.to);
    e.set(value("seats", b.seats));
    if (!b.reference.empty()) e.set(value("reference", b.reference));
    return e;
  }
  static void lay(transaction& t, std::string const& id, naive::booked const& b) {
    auto const before = t.find(id);
    if (!before) {
      t.put(image(id, b));
      return;
    }
    auto e = entity(*before);
    auto const fresh = image(id, b);
    for (auto const& a : fresh.attributes) e.set(a);
    if (b.reference.empty()) e.remove(iri("reference"), {});
    t.put(std::move(e));
  }
  // What the naive model says of several changes at once: all of them, or none.
  bool take(std::vector<std::pair<std::string, naive::booked>> const& changes) {
    auto const was = world_.all;
    for (auto const& [id, b] : changes) world_.all[id] = b;
    auto const fit = std::all_of(changes.begin(), changes.end(), [&](auto const& c) { return world_.fits(c.first); });
    if (!fit) world_.all = was;
    return fit;
  }
  void agree_with_a_fresh_index() {
    reopen();
    for (auto i = 0; i < 40; ++i) try_one();
  }
  std::string new_id() { return "urn:b" + std::to_string(++next_); }
  std::string any_id() {
    auto living = std::vector<std::string>();
    for (auto const& [id, b] : world_.all) {
      if (b.counts) living.push_back(id);
    }
    return living.empty() || pick(3) == 0 ? new_id() : living[std::size_t(pick(int(living.size())))];
  }
  void try_one() {
    auto const id = any_id();
    auto const b = some();
    auto const expected = take({{id, b}});
    EXPECT_EQ(expected ? "done" : "conflict", outcome_of([&] { person("ada").apply([&](transaction& t) { lay(t, id, b); }); }));
  }
  void try_several() {
    auto changes = std::vector<std::pair<std::string, naive::booked>>();
    for (auto n = 2 + pick(3); n > 0; --n) {
      auto id = any_id();
      if (std::none_of(changes.begin(), changes.end(), [&](auto const& c) { return c.first == id; })) changes.emplace_back(std::move(id), some());
    }
    auto const expected = take(changes);
    EXPECT_EQ(expected ? "done" : "conflict", outcome_of([&] {
                person("ada").apply([&](transaction& t) {
                  for (auto const& [id, b] : changes) lay(t, id, b);
                });
              }));
  }
  // Each part for itself; the whole may be refused afterwards.
  void try_parts() {
    auto const was = world_.all;
    auto const refused = pick(4) == 0;
    auto const outcome = outcome_of([&] {
      person("ada").apply([&](transaction& t) {
        for (auto n = 1 + pick(4); n > 0; --n) {
          auto const id = any_id();
          auto const b = some();
          auto const expected = take({{id, b}});
          auto const f = t.attempt([&] { lay(t, id, b); });
          EXPECT_EQ(expected, !f) << (f ? f->detail : std::string());
        }
        if (refused) throw fault(fault_kind::not_found, "refused as a whole");
      });
    });
    EXPECT_EQ(refused ? "not found" : "done", outcome);
    if (refused) world_.all = was;
  }
  void cancel_one() {
    auto const id = any_id();
    auto const it = world_.all.find(id);
    if (it == world_.all.end()) return;
    act(caretaker(), id, "cancel");
    it->second.counts = false;
  }

  naive world_;
  std::mt19937 random_{7};
  int next_ = 0;
};

TEST_F(constrained, agree_with_a_naive_model) {
  for (auto i = 0; i < 1'500; ++i) {
    switch (pick(8)) {
      case 0: try_several(); break;
      case 1: try_parts(); break;
      case 2: cancel_one(); break;
      default: try_one();
    }
    if (HasFailure()) FAIL() << "at " << i;
    if (i % 500 == 499) agree_with_a_fresh_index();
  }
}

TEST_F(constrained, are_what_they_were_when_an_append_fails) {
  city_.reset();
  auto medium = store::failing_medium();
  reopen();
  for (auto round = 0; round < 8; ++round) {
    for (auto i = 0; i < 30; ++i) try_one();
    auto const was = world_.all;
    medium.syncs_left = 0;
    for (auto i = 0; i < 3; ++i) {
      auto const f = fault_of([&] { person("ada").apply([&](transaction& t) { lay(t, new_id(), some()); }); });
      EXPECT_TRUE(f);
    }
    medium.syncs_left = medium.never;
    for (auto i = 0; i < 200 && fault_of([&] { admin().apply([](transaction& t) { t.put_record("test", "x", true); }); }); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    // Of an append that nobody knows of, the log tells whether it was.
    world_.all = was;
    auto everything = query::query();
    everything.selectors.push_back({{}, nullptr, {{iri("Booking")}}});
    admin().for_each(everything, [&](entity_ptr const& e) {
      if (world_.all.contains(e->id)) return true;
      auto const reference = e->find(iri("reference"));
      auto const hour = [&](std::string_view term) {
        return int((parse_timestamp(e->find(iri(term))->value.as_string())->us - 1'800'000'000'000'000) / (3'600 * us_per_second)) - 24;
      };
      world_.all[e->id] = {std::string(e->find(iri("resource"))->value.as_string()), hour("startsAt"), hour("endsAt"),
                           int(e->find(iri("seats"))->value.as_int()), reference ? std::string(reference->value.as_string()) : std::string()};
      return true;
    });
    for (auto i = 0; i < 30; ++i) try_one();
    if (HasFailure()) FAIL() << "in round " << round;
  }
}

TEST_F(constrained, of_resources_hold_when_the_tree_or_a_capacity_changes) {
  put(person("ada"), booking("urn:1", "urn:shed", 1, 3));
  put(person("ada"), booking("urn:2", "urn:hall", 1, 3));
  EXPECT_EQ("conflict", outcome_of([&] { change(admin(), "urn:shed", [](entity& e) { e.set(link("partOf", "urn:hall")); }); }));
  auto two = booking("urn:3", "urn:pool", 1, 3);
  two.set(value("seats", 5));
  put(person("ada"), std::move(two));
  EXPECT_EQ("conflict", outcome_of([&] { change(admin(), "urn:pool", [](entity& e) { e.set(value("places", 4)); }); }));
  EXPECT_EQ("done", outcome_of([&] { change(admin(), "urn:pool", [](entity& e) { e.set(value("places", 5)); }); }));
  EXPECT_EQ("conflict", outcome_of([&] { change(admin(), "urn:hall", [](entity& e) { e.set(link("partOf", "urn:corner")); }); })) << "a circle";
}

}  // namespace
}  // namespace dos::model_world
