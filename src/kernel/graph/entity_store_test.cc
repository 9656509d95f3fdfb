#include "kernel/graph/entity_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "kernel/graph/random_query.h"
#include "kernel/graph/ranking.h"

namespace dos {
namespace {

entity_ptr make_thing(std::string id, char const* type, json::value value = 1) {
  auto e = entity();
  e.id = std::move(id);
  e.types = {symbol(type)};
  auto a = attribute();
  a.name = symbol("value");
  a.value = std::move(value);
  e.attributes.push_back(make_attribute(std::move(a)));
  return make_ref<entity>(std::move(e));
}

query::query of_type(char const* type) {
  auto q = query::query();
  q.selectors.push_back({{}, nullptr, {{symbol(type)}}});
  return q;
}

// The store as anybody would write it: look at everything.
class plain_store {
 public:
  void put(entity_ptr e) {
    auto& place = places_[e->id];
    if (place == 0) {
      order_.push_back(e);
      place = order_.size();
    } else {
      order_[place - 1] = std::move(e);
    }
  }
  void forget(std::string const& id) {
    auto const it = places_.find(id);
    if (it == places_.end()) return;
    order_[it->second - 1] = {};
    places_.erase(it);
  }
  entity_ptr find(std::string const& id) const {
    auto const it = places_.find(id);
    return it == places_.end() ? entity_ptr() : order_[it->second - 1];
  }
  std::vector<entity_ptr> find_all(query::query const& q) const {
    auto found = std::vector<entity_ptr>();
    for (auto const& e : order_) {
      if (e && matches(q, *e)) found.push_back(e);
    }
    return found;
  }

 private:
  std::map<std::string, std::size_t> places_;
  std::vector<entity_ptr> order_;
};

void expect_same_answers(entity_store const& store, plain_store const& plain, random_world& world) {
  auto q = random_query(world);
  auto const expected = ids_of(plain.find_all(q));
  auto const found = store.find(q);
  EXPECT_EQ(ids_of(found.entities), expected);
  EXPECT_EQ(found.total, expected.size());

  q.offset = world.below(expected.size() + 3);
  q.limit = world.below(10);
  auto const page = store.find(q);
  EXPECT_EQ(page.total, expected.size());
  auto const first = std::min(q.offset, expected.size());
  auto const wanted = std::vector<std::string>(expected.begin() + std::ptrdiff_t(first),
                                               expected.begin() + std::ptrdiff_t(std::min(first + q.limit, expected.size())));
  EXPECT_EQ(ids_of(page.entities), wanted);
  q.count = false;
  EXPECT_EQ(ids_of(store.find(q).entities), wanted);

  auto visited = std::vector<std::string>();
  store.for_each(q, [&](entity_ptr const& e) {
    visited.push_back(e->id);
    return true;
  });
  EXPECT_EQ(visited, expected);
}

TEST(entity_store, answers_with_its_indexes_what_a_look_at_everything_answers) {
  auto world = random_world(11);
  world.set_ids(6'000);
  auto store = entity_store();
  auto plain = plain_store();
  for (auto round = 0; round < 25; ++round) {
    for (auto i = 0; i < (round == 0 ? 12'000 : 300); ++i) {
      auto e = world.make_entity();
      if (auto const old = plain.find(e.id); old && world.chance(60)) {
        auto kept = entity(*old);  // most attributes stay the same objects, as after an update
        kept.set(world.make_attribute(world.name()));
        kept.deleted_at = no_time;
        e = std::move(kept);
      }
      if (world.chance(8)) e.deleted_at = timestamp{1};
      auto const published = make_ref<entity>(std::move(e));
      store.put(published);
      plain.put(published);
      if (world.chance(4)) {
        auto const id = world.id();
        store.forget(id);
        plain.forget(id);
      }
    }
    for (auto i = 0; i < 25; ++i) expect_same_answers(store, plain, world);
    if (HasFailure()) return;
  }
}

TEST(entity_store, orders_by_value_and_then_by_id) {
  auto store = entity_store();
  auto const values = std::vector<char const*>{"3", "\"b\"", "1", "true", "\"2026-01-01T00:00:00Z\"", "1", "[9,2]", "\"a\"", "{}"};
  for (auto i = std::size_t(0); i < values.size(); ++i) {
    store.put(make_thing("urn:" + std::to_string(9 - i), "T", json::parse(values[i])));
  }
  auto q = of_type("T");
  q.order.push_back({value_path(symbol("value")), false, nullptr});
  EXPECT_EQ(ids_of(store.find(q).entities),
            (std::vector<std::string>{"urn:6", "urn:4", "urn:7", "urn:3", "urn:9", "urn:5", "urn:2", "urn:8", "urn:1"}));
  q.order[0].descending = true;
  EXPECT_EQ(ids_of(store.find(q).entities),
            (std::vector<std::string>{"urn:8", "urn:2", "urn:5", "urn:3", "urn:9", "urn:4", "urn:7", "urn:6", "urn:1"}));
  q.offset = 2;
  q.limit = 3;
  q.count = true;
  auto const page = store.find(q);
  EXPECT_EQ(ids_of(page.entities), (std::vector<std::string>{"urn:5", "urn:3", "urn:9"}));
  EXPECT_EQ(page.total, 9u);
}

TEST(entity_store, finds_the_nearest_first) {
  auto world = random_world(5);
  auto store = entity_store();
  auto all = std::vector<entity_ptr>();
  world.set_ids(1'000'000);
  for (auto i = 0; i < 5'000; ++i) all.push_back(make_ref<entity>(world.make_entity()));
  for (auto const& e : all) store.put(e);
  for (auto i = 0; i < 40; ++i) {
    auto q = query::query();
    if (i % 2) q.selectors.push_back({{}, nullptr, {{world.type()}}});
    if (i % 5 == 0) q.filter = query::compare(value_path(world.name()), query::relation::equal, json::value(3));
    q.limit = 1 + world.below(30);
    q.offset = world.below(3) * 10;
    auto const from = geo::position{7.2 + double(world.below(60)) / 100, 51.3 + double(world.below(40)) / 100};
    q.order.push_back({value_path(location), false, std::make_shared<geo::geometry const>(from)});
    auto expected = query::ranking(q.order, q.offset + q.limit);
    for (auto const& e : all) {
      if (store.find(e->id) == e && matches(q, *e)) expected.add(e);
    }
    EXPECT_EQ(ids_of(store.find(q).entities), ids_of(expected.take(q.offset)));
  }
}

TEST(entity_store, counts_types_and_their_attributes) {
  auto store = entity_store();
  store.put(make_thing("urn:1", "A"));
  store.put(make_thing("urn:2", "A"));
  store.put(make_thing("urn:3", "B"));
  auto changed = entity(*store.find("urn:2"));
  changed.types.push_back(symbol("B"));
  auto more = attribute();
  more.name = symbol("another");
  changed.set(make_attribute(more));
  more.dataset = symbol("urn:dataset:1");
  changed.set(make_attribute(more));
  store.put(make_ref<entity>(changed));

  using counts = std::vector<std::pair<symbol, std::size_t>>;
  EXPECT_EQ(store.types(), (counts{{symbol("A"), 2}, {symbol("B"), 2}}));
  EXPECT_EQ(store.attributes_of(symbol("B")), (counts{{symbol("another"), 1}, {symbol("value"), 2}}));

  changed.deleted_at = timestamp{1};
  changed.attributes.clear();
  store.put(make_ref<entity>(changed));
  store.forget("urn:1");
  EXPECT_EQ(store.types(), (counts{{symbol("B"), 1}}));
  EXPECT_EQ(store.attributes_of(symbol("B")), (counts{{symbol("value"), 1}}));
  EXPECT_EQ(store.attributes_of(symbol("A")), counts());
  EXPECT_EQ(store.size(), 1u);
  EXPECT_TRUE(store.find("urn:2"));
  EXPECT_FALSE(store.find("urn:1"));
}

TEST(entity_store, counts_and_pages_only_what_may_be_seen) {
  auto store = entity_store();
  for (auto i = 0; i < 10; ++i) store.put(make_thing("urn:" + std::to_string(i), "T", i));
  auto q = of_type("T");
  q.limit = 2;
  q.offset = 1;
  q.count = true;
  struct odd : query::lens {
    bool reads(entity const& e) const override { return e.find(symbol("value"))->value.as_int() % 2 == 1; }
    bool shows(entity const&, symbol) const override { return true; }
    timestamp modified_at(entity const& e) const override { return e.modified_at; }
  };
  q.through = std::make_shared<odd>();
  auto const page = store.find(q);
  EXPECT_EQ(ids_of(page.entities), (std::vector<std::string>{"urn:3", "urn:5"}));
  EXPECT_EQ(page.total, 5u);
}

TEST(entity_store, remembers_the_histories_of_what_is_gone) {
  auto store = entity_store();
  auto const with_series = [](std::uint64_t series) {
    auto e = entity(*make_thing("urn:1", "T"));
    if (series == 0) {
      e.attributes.clear();
    } else {
      auto a = attribute(*e.attributes[0]);
      a.series = series;
      e.attributes[0] = make_attribute(a);
    }
    return make_ref<entity>(std::move(e));
  };
  auto const series = [&] {
    auto numbers = std::vector<std::uint64_t>();
    for (auto const& s : store.series_of("urn:1")) numbers.push_back(s.series);
    return numbers;
  };
  using numbers = std::vector<std::uint64_t>;
  store.put(with_series(7));
  EXPECT_EQ(series(), numbers{7});
  EXPECT_EQ(store.series_of("urn:1")[0].attribute, symbol("value"));
  store.add_series("urn:1", {7, symbol("value"), {}, attribute_kind::property});
  EXPECT_EQ(series(), numbers{7});
  store.put(with_series(0));
  EXPECT_EQ(series(), numbers{7});
  store.add_series("urn:1", {8, symbol("other"), {}, attribute_kind::property});
  EXPECT_EQ(series(), (numbers{7, 8}));
  store.put(with_series(8));
  EXPECT_EQ(series(), (numbers{8, 7}));
  store.remove_series("urn:1", 7);
  EXPECT_EQ(series(), numbers{8});
  store.remove_series("urn:1", 8);  // the attribute stays, its history is gone
  EXPECT_EQ(series(), numbers());
  store.put(with_series(0));
  EXPECT_EQ(series(), numbers());
  store.put(with_series(9));
  store.forget("urn:1");
  EXPECT_EQ(series(), numbers());
}

TEST(entity_store, keeps_its_order_of_creation_through_updates) {
  auto store = entity_store();
  for (auto const* const id : {"urn:c", "urn:a", "urn:b"}) store.put(make_thing(id, "T"));
  store.put(make_thing("urn:a", "T", 2));
  store.put(make_thing("urn:c", "T", 2));
  EXPECT_EQ(ids_of(store.find(of_type("T")).entities), (std::vector<std::string>{"urn:c", "urn:a", "urn:b"}));
}

TEST(entity_store, lets_many_read_while_one_writes) {
  constexpr auto entities = 6'000;
  auto store = entity_store();
  auto const id = [](int i) { return "urn:" + std::to_string(i); };
  // Each entity says its number twice; whoever sees two different ones has seen half a write.
  auto const make = [&](int i, int n) {
    auto e = entity(*make_thing(id(i), i % 2 ? "A" : "B", n));
    auto twin = attribute(*e.attributes[0]);
    twin.name = symbol("twin");
    e.set(make_attribute(twin));
    auto place = attribute();
    place.name = location;
    place.kind = attribute_kind::geo_property;
    place.value = json::object{{"type", "Point"}, {"coordinates", json::array{7.0 + n % 10 * 0.1, 51.0}}};
    e.set(make_attribute(place));
    return make_ref<entity>(std::move(e));
  };
  for (auto i = 0; i < entities; ++i) store.put(make(i, 0));

  auto stop = std::atomic<bool>(false);
  auto torn = std::atomic<int>(0);
  auto lost = std::atomic<int>(0);
  auto reader = [&](unsigned seed) {
    auto world = random_world(seed);
    auto const check = [&](entity const& e) {
      if (e.find(symbol("value"))->value != e.find(symbol("twin"))->value) ++torn;
    };
    while (!stop) {
      if (auto const e = store.find(id(int(world.below(entities))))) check(*e);
      else ++lost;
      auto q = of_type("A");
      q.limit = 50;
      switch (world.below(4)) {
        case 0: q.filter = query::compare(value_path(symbol("value")), query::relation::greater, json::value(3)); break;
        case 1: q.filter = query::spatial(location, around(7.0 + double(world.below(10)) * 0.1, 51.0, 1000)); break;
        case 2: q.filter = query::text({"5999"}); break;
        default: q.count = true;
      }
      auto const page = store.find(q);
      for (auto const& e : page.entities) check(*e);
      if (q.filter && q.filter->what == query::node::kind::text && page.entities.size() != 1) ++lost;
      if (q.count && page.total != entities / 2) ++lost;
    }
  };
  auto readers = std::vector<std::thread>();
  for (auto i = 0u; i < 3; ++i) readers.emplace_back(reader, i);
  auto world = random_world(99);
  for (auto n = 1; n <= 6'000; ++n) store.put(make(int(world.below(entities)), n));
  stop = true;
  for (auto& r : readers) r.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(lost, 0);
}

TEST(entity_store, misses_no_change_while_it_builds_an_index) {
  constexpr auto entities = 5'000;
  auto store = entity_store();
  auto const id = [](int i) { return "urn:" + std::to_string(i); };
  for (auto i = 0; i < entities; ++i) store.put(make_thing(id(i), "T", -1));
  for (auto round = 0; round < 10; ++round) {
    auto const attribute_name = symbol("value" + std::to_string(round));
    auto writer = std::thread([&] {
      for (auto i = 0; i < entities; ++i) {
        auto e = entity(*store.find(id(i)));
        auto a = attribute();
        a.name = attribute_name;
        a.value = i;
        e.set(make_attribute(std::move(a)));
        store.put(make_ref<entity>(std::move(e)));
      }
    });
    auto q = of_type("T");
    q.filter = query::compare(value_path(attribute_name), query::relation::greater_equal, json::value(entities - 1000));
    q.count = true;
    for (auto i = 0; i < 2; ++i) store.find(q);  // builds it
    writer.join();
    EXPECT_EQ(store.find(q).total, 1000u);
    q.filter = query::compare(value_path(attribute_name), query::relation::less, json::value(1000));
    EXPECT_EQ(store.find(q).total, 1000u);
  }
}

}  // namespace
}  // namespace dos
