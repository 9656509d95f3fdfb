// What models cost: durable updates of a type without one, beside models and without, and of one with twenty attributes, a
// workflow and a unique; and the sequencer's time for a booking among a million. Prints "name value unit" lines.
// model_bench DIRECTORY [BOOKINGS]
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "kernel/city/city.h"
#include "kernel/city/constraint_index.h"

namespace {

using namespace dos;

double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

constexpr auto rounds = 9;
constexpr auto updates = 20'000;  // of a round
constexpr auto entities = 2'000;
constexpr auto attributes = 20;
constexpr auto waiting_max = 8'000;

symbol name_of(int i) { return symbol("urn:bench:a" + std::to_string(i)); }

attribute_ptr valued(symbol name, json::value v, attribute_kind k = attribute_kind::property) {
  auto a = attribute();
  a.name = name;
  a.kind = k;
  a.value = std::move(v);
  return make_attribute(std::move(a));
}

model::registry_ptr registry() {
  auto t = model::type();
  t.iri = symbol("urn:bench:Modelled");
  t.term = "Modelled";
  for (auto i = 0; i < attributes; ++i) {
    auto r = model::attribute_rule();
    r.name = name_of(i);
    r.term = "a" + std::to_string(i);
    r.is = i % 2 ? model::value_kind::text : model::value_kind::number;
    if (i % 2) r.length_max = 100;
    else r.max = 1e12;
    t.attributes.push_back(std::move(r));
  }
  auto state = model::attribute_rule();
  state.name = symbol("urn:bench:state");
  state.term = "state";
  t.attributes.push_back(std::move(state));
  t.workflow = model::workflow{symbol("urn:bench:state"), "new", {"new", "done"}, {"done"}};
  auto unique = model::constraint();
  unique.attributes = {name_of(1)};
  unique.text = "unique: a1";
  t.constraints = {unique};
  t.finish();
  return std::make_shared<model::registry const>(1, "bench", std::vector{std::shared_ptr<model::type const>(std::make_shared<model::type const>(std::move(t)))},
                                                 std::vector<model::role>());
}

// Durable updates of one attribute of entities of a type, as fast as they go.
class updated_city {
 public:
  updated_city(std::filesystem::path const& dir, char const* type, model::registry_ptr models) : city_(city::open("bench", dir, clock_)) {
    if (models) city_->begin_with(std::move(models));
    city_->start_sending();
    for (auto i = 0; i < entities; ++i) {
      auto e = entity();
      e.id = id_of(i);
      e.types = {symbol(type)};
      for (auto n = 0; n < attributes; ++n) {
        e.attributes.push_back(n % 2 ? valued(name_of(n), "text " + std::to_string(i)) : valued(name_of(n), i));
      }
      who().apply([&](transaction& t) { t.put(entity(e)); });
    }
  }
  ~updated_city() { city_->close(); }

  double round() {
    auto const s = who();
    auto done = std::atomic<int>(0);
    auto const began = now_s();
    for (auto i = 0; i < updates; ++i) {
      while (i - done.load() > waiting_max) std::this_thread::sleep_for(std::chrono::microseconds(100));
      s.submit(
          [i](transaction& t) {
            auto e = entity(*t.get(id_of(i % entities)));
            e.set(valued(name_of(2), i));
            t.put(std::move(e));
          },
          [&](outcome) { ++done; }, {.weight = 1, .bytes = 200});
    }
    while (done < updates) std::this_thread::sleep_for(std::chrono::microseconds(100));
    auto const rate = updates / (now_s() - began);
    city_->checkpoint();
    return rate;
  }

 private:
  static std::string id_of(int i) { return "urn:bench:" + std::to_string(i); }
  session who() { return session(city_, principal{.name = "bench", .role = role::editor, .source = "bench"}); }

  system_clock clock_;
  std::shared_ptr<city> city_;
};

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

void measure_updates(std::filesystem::path const& dir) {
  auto plain = updated_city(dir / "plain", "urn:bench:Plain", nullptr);
  auto beside = updated_city(dir / "beside", "urn:bench:Plain", registry());
  auto modelled = updated_city(dir / "modelled", "urn:bench:Modelled", registry());
  auto rates = std::array<std::vector<double>, 3>();
  auto ratios = std::array<std::vector<double>, 2>();
  for (auto i = 0; i < rounds; ++i) {  // in turn, so that whatever else goes on meets all
    auto const a = plain.round(), b = beside.round(), c = modelled.round();
    if (i == 0) continue;  // warm
    rates[0].push_back(a);
    rates[1].push_back(b);
    rates[2].push_back(c);
    ratios[0].push_back(b / a);
    ratios[1].push_back(c / a);
  }
  std::printf("updates_without_models %.6g updates/s\n", median(rates[0]));
  std::printf("updates_beside_models %.6g updates/s\n", median(rates[1]));
  std::printf("updates_of_a_model %.6g updates/s\n", median(rates[2]));
  std::printf("beside_models_ratio %.4g x\n", median(ratios[0]));
  std::printf("of_a_model_ratio %.4g x\n", median(ratios[1]));
}

// --- bookings ---

constexpr auto hour_us = std::int64_t(3'600) * us_per_second;
constexpr auto rooms = 1'000;

model::registry_ptr bookings() {
  auto t = model::type();
  t.iri = symbol("urn:bench:Booking");
  t.term = "Booking";
  auto c = model::constraint();
  c.what = model::constraint::kind::no_overlap;
  c.of = symbol("urn:bench:of");
  c.from = symbol("urn:bench:from");
  c.to = symbol("urn:bench:to");
  c.part_of = symbol("urn:bench:partOf");
  c.text = "no_overlap: of";
  t.constraints = {c};
  t.finish();
  return std::make_shared<model::registry const>(1, "bench", std::vector{std::shared_ptr<model::type const>(std::make_shared<model::type const>(std::move(t)))},
                                                 std::vector<model::role>());
}

entity_ptr booked(std::string id, int room, std::int64_t hour) {
  auto e = entity();
  e.id = std::move(id);
  e.types = {symbol("urn:bench:Booking")};
  auto const from = timestamp{1'800'000'000'000'000 + hour * hour_us};
  e.attributes = {valued(symbol("urn:bench:of"), "urn:bench:room:" + std::to_string(room), attribute_kind::relationship),
                  valued(symbol("urn:bench:from"), to_string(from)), valued(symbol("urn:bench:to"), to_string(from + hour_us))};
  return make_ref<entity>(std::move(e));
}

// Halls of four parts each; bookings of the parts, two hours apart, so that every second hour is free.
void measure_bookings(int count) {
  auto store = entity_store();
  for (auto i = 0; i < rooms; ++i) {
    auto e = entity();
    e.id = "urn:bench:room:" + std::to_string(i);
    e.types = {symbol("urn:bench:Room")};
    if (i % 5) e.attributes = {valued(symbol("urn:bench:partOf"), "urn:bench:room:" + std::to_string(i - i % 5), attribute_kind::relationship)};
    store.put(make_ref<entity>(std::move(e)));
  }
  auto const parts = rooms / 5 * 4;
  auto const part = [](int i) { return i / 4 * 5 + 1 + i % 4; };
  for (auto i = 0; i < count; ++i) store.put(booked("urn:bench:b" + std::to_string(i), part(i % parts), i / parts * 2));
  auto const began = now_s();
  auto index = constraint_index(bookings(), store, constraint_index::broken::refuses);
  std::printf("index_of_bookings %.6g s\n", now_s() - began);
  auto random = std::mt19937(1);
  auto times = std::vector<double>();
  auto refused = 0;
  auto const find = [&](std::string_view id) { return store.find(id); };
  for (auto i = 0; i < 20'000; ++i) {
    auto const room = int(random() % std::uint32_t(rooms));
    auto const e = booked("urn:bench:new" + std::to_string(i), room, std::int64_t(random() % std::uint32_t(count / parts * 2 + 1)));
    auto const pair = image_pair{{}, e};
    auto const mark = index.mark();
    auto const from = now_s();
    try {
      index.apply({&pair, 1}, find);
    } catch (fault const&) {
      index.undo_to(mark);
      ++refused;
    }
    times.push_back((now_s() - from) * 1e6);
  }
  std::sort(times.begin(), times.end());
  std::printf("booking_p50 %.6g us\n", times[times.size() / 2]);
  std::printf("booking_p99 %.6g us\n", times[times.size() * 99 / 100]);
  std::printf("bookings_refused %.4g x\n", double(refused) / double(times.size()));
}

}  // namespace

int main(int argc, char** argv) {
  auto const dir = std::filesystem::path(argc > 1 ? argv[1] : "/tmp/model_bench");
  std::filesystem::remove_all(dir);
  measure_updates(dir);
  measure_bookings(argc > 2 ? int(text::to_int(argv[2]).value_or(0)) : 1'000'000);
  std::filesystem::remove_all(dir);
}
