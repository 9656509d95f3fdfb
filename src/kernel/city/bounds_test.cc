#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <set>
#include <thread>

#include "base/id.h"
#include "base/work_budget.h"
#include "kernel/city/city.h"
#include "kernel/city/write_queues.h"
#include "kernel/graph/attribute_editor.h"

namespace dos {
namespace {

struct bounded_city {
  explicit bounded_city(city_options o = {}) { open(o); }
  ~bounded_city() {
    city.reset();
    std::filesystem::remove_all(directory);
  }
  void open(city_options o = {}) {
    city = city::open("test", directory, clock, o);
    city->start_sending();
  }
  session who(std::string source = "test") const { return session(city, principal{.name = source, .role = role::admin, .source = source}); }

  system_clock clock;
  std::string directory = std::filesystem::temp_directory_path() / ("dos-bounds-" + new_uuid());
  std::shared_ptr<dos::city> city;
};

entity wide(std::string id, std::size_t attributes, std::string const& prefix = "a") {
  auto e = entity();
  e.id = std::move(id);
  e.types = {symbol("urn:T")};
  for (auto i = std::size_t(0); i < attributes; ++i) {
    auto a = attribute();
    a.name = symbol(prefix + std::to_string(i));
    a.value = std::int64_t(i);
    e.attributes.push_back(make_attribute(std::move(a)));
  }
  return e;
}

fault refusal(session const& s, session::decide const& d) {
  try {
    s.apply(d);
  } catch (fault const& f) {
    return f;
  }
  return fault(fault_kind::internal, "it was not refused");
}

TEST(an_entity, has_only_so_many_attributes_and_what_is_refused_leaves_no_trace) {
  auto w = bounded_city();
  auto const f = refusal(w.who(), [](transaction& t) { t.put(wide("urn:e:1", entity_attributes_max + 1)); });
  EXPECT_EQ(fault_kind::too_large, f.kind);
  EXPECT_NE(std::string::npos, f.detail.find(std::to_string(entity_attributes_max))) << f.detail;
  EXPECT_FALSE(w.who().find("urn:e:1"));
  w.who().apply([](transaction& t) { t.put(wide("urn:e:1", entity_attributes_max)); });
  EXPECT_EQ(entity_attributes_max, w.who().find("urn:e:1")->attributes.size());
  EXPECT_EQ(entity_attributes_max, w.who().series_of("urn:e:1").size());
}

TEST(an_entity, has_only_so_many_series_counted_with_those_of_what_is_gone) {
  auto w = bounded_city();
  auto n = std::size_t(0);
  auto const others = [&](transaction& t) { t.put(wide("urn:e:1", entity_attributes_max, "generation " + std::to_string(n) + " ")); };
  for (; n < entity_series_max / entity_attributes_max; ++n) w.who().apply(others);
  EXPECT_EQ(n * entity_attributes_max, w.who().series_of("urn:e:1").size());
  EXPECT_EQ(fault_kind::too_large, refusal(w.who(), others).kind);
  w.who().apply([](transaction& t) { t.forget("urn:e:1"); });
  w.who().apply(others);
}

TEST(attributes, keep_their_series_and_order_however_many_they_are) {
  auto w = bounded_city();
  w.who().apply([](transaction& t) { t.put(wide("urn:e:1", 500)); });
  auto const before = w.who().find("urn:e:1");
  w.who().apply([](transaction& t) {
    auto e = entity(*t.get("urn:e:1"));
    auto all = attribute_editor(e.attributes);
    auto changed = attribute(*all.find(symbol("a499"), {}));
    changed.value = "new";
    all.set(make_attribute(std::move(changed)));
    EXPECT_TRUE(all.remove(symbol("a7"), {}));
    EXPECT_FALSE(all.remove(symbol("a7"), {}));
    EXPECT_FALSE(all.find(symbol("a7"), {}));
    auto more = attribute();
    more.name = symbol("more");
    more.value = 1;
    all.set(make_attribute(std::move(more)));
  });
  w.who().apply([](transaction& t) {
    auto e = entity(*t.get("urn:e:1"));
    {
      auto all = attribute_editor(e.attributes);
      EXPECT_TRUE(all.remove(symbol("a7"), {}));
      auto changed = attribute(*all.find(symbol("a499"), {}));
      changed.value = "new";
      all.set(make_attribute(std::move(changed)));
      auto again = attribute();
      again.name = symbol("a7");
      again.value = "again";
      all.set(make_attribute(std::move(again)));
    }
    t.put(std::move(e));
  });
  auto const after = w.who().find("urn:e:1");
  ASSERT_EQ(500u, after->attributes.size());
  EXPECT_EQ("again", after->find(symbol("a7"), {})->value.as_string());
  EXPECT_EQ(before->find(symbol("a7"), {})->series, after->find(symbol("a7"), {})->series);
  EXPECT_EQ("new", after->find(symbol("a499"), {})->value.as_string());
  EXPECT_EQ(before->find(symbol("a499"), {})->series, after->find(symbol("a499"), {})->series);
}

queued_write write_of(std::string source, std::size_t bytes) {
  return {.source = std::move(source), .decide = [](transaction&) {}, .done = [](outcome const&) {}, .weight = 1, .bytes = bytes};
}

TEST(a_queue, is_bounded_in_bytes_for_each_source_and_lets_one_large_write_through) {
  auto q = write_queues({.weight_max = 100, .bytes_max = 1'000});
  q.push(write_of("large", 5'000));  // nothing else of it waits
  EXPECT_THROW(q.push(write_of("large", 1)), fault);
  q.push(write_of("other", 600));
  q.push(write_of("other", 400));
  EXPECT_THROW(q.push(write_of("other", 1)), fault);
  q.push(write_of("third", 1));
  EXPECT_EQ(4u, q.take(100).size());
  q.push(write_of("large", 1));
  q.push(write_of("other", 1'000));
}

TEST(a_batch, is_divided_by_bytes) {
  auto w = bounded_city({.batch_bytes_max = 10'000});
  auto go = std::promise<void>();
  auto gone = go.get_future().share();
  w.who("first").submit([gone](transaction&) { gone.wait(); }, [](outcome const&) {});
  auto const before = w.city->status().position;
  auto positions = std::vector<std::promise<std::uint64_t>>(6);
  for (auto i = std::size_t(0); i < positions.size(); ++i) {
    w.who("bulk").submit([i](transaction& t) { t.put_record("r", std::to_string(i), std::string(6'000, 'x')); },
                         [&, i](outcome const& o) { positions[i].set_value(o.position); });
  }
  go.set_value();
  auto seen = std::set<std::uint64_t>();
  for (auto& p : positions) seen.insert(p.get_future().get());
  EXPECT_GE(seen.size(), 3u);
  EXPECT_GT(*seen.begin(), before);
}

TEST(a_write, is_as_large_as_the_request_that_it_came_with) {
  auto w = bounded_city({.source_queue_bytes_max = 1'000});
  auto go = std::promise<void>();
  auto gone = go.get_future().share();
  w.who("first").submit([gone](transaction&) { gone.wait(); }, [](outcome const&) {});
  auto const write = [&](std::size_t bytes) {
    auto b = work_budget({}, bytes);
    auto const used = work_budget::in_use(b);
    w.who("web").submit([](transaction&) {}, [](outcome const&) {});
  };
  while (w.city->status().queued > 0) std::this_thread::yield();  // the first is at work
  write(900);
  EXPECT_THROW(write(900), fault);
  write(50);
  go.set_value();
}

TEST(a_value, that_cannot_be_stored_refuses_its_own_write_alone) {
  auto w = bounded_city();
  auto go = std::promise<void>();
  auto gone = go.get_future().share();
  w.who("first").submit([gone](transaction&) { gone.wait(); }, [](outcome const&) {});
  auto deep = json::value(1);
  for (auto i = 0; i < json::depth_max + 5; ++i) deep = json::array{std::move(deep)};
  auto bad = std::promise<outcome>(), good = std::promise<outcome>();
  w.who("a").submit([deep](transaction& t) { t.put_record("r", "bad", deep); }, [&](outcome o) { bad.set_value(std::move(o)); });
  w.who("b").submit([](transaction& t) { t.put_record("r", "good", 1); }, [&](outcome o) { good.set_value(std::move(o)); });
  go.set_value();
  EXPECT_EQ(fault_kind::too_large, bad.get_future().get().refused->kind);
  EXPECT_FALSE(good.get_future().get().refused);
  EXPECT_TRUE(w.who().find_record("r", "good"));
  EXPECT_FALSE(w.who().find_record("r", "bad"));
}

}  // namespace
}  // namespace dos
