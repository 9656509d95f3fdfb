// How fast the entity store answers, and what an entity costs in memory: `graph_bench [entities]`, by default 100,000.
// Prints one figure a line: name, value, unit. Times are processor time of the one thread that works, so that what else
// runs on the machine does not count.
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "geo/predicate.h"
#include "kernel/graph/codec.h"
#include "kernel/graph/entity_store.h"

namespace {

using namespace dos;

auto const location = symbol("https://uri.etsi.org/ngsi-ld/location");
auto const temperature = symbol("https://smartdatamodels.org/dataModel.Environment/temperature");
auto const humidity = symbol("https://smartdatamodels.org/dataModel.Environment/relativeHumidity");
auto const battery = symbol("https://smartdatamodels.org/dataModel.Device/batteryLevel");
auto const status = symbol("https://smartdatamodels.org/status");
auto const name = symbol("https://smartdatamodels.org/name");
auto const address = symbol("https://smartdatamodels.org/address");
auto const device = symbol("https://smartdatamodels.org/dataModel.Device/refDevice");

double now_s() {
  auto t = timespec();
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

void print(char const* what, double value, char const* unit) { std::printf("%s %.6g %s\n", what, value, unit); }

std::size_t heap_bytes() {
  auto const m = mallinfo2();
  return m.uordblks + m.hblkhd;
}

struct world {
  std::mt19937_64 random{42};

  double uniform(double from, double to) { return std::uniform_real_distribution<double>(from, to)(random); }
  double rounded(double from, double to) { return std::round(uniform(from, to) * 10) / 10; }
  symbol type(std::size_t i) { return symbol("https://smartdatamodels.org/Type" + std::to_string(i % 10)); }
  std::string id(std::size_t i) { return "urn:ngsi-ld:WeatherObserved:dortmund:sensor-" + std::to_string(100'000 + i); }

  attribute_ptr make(symbol attribute_name, json::value v, attribute_kind kind = attribute_kind::property, bool measured = true) {
    auto a = attribute();
    a.name = attribute_name;
    a.kind = kind;
    a.value = std::move(v);
    a.created_at = a.modified_at = timestamp{1'795'000'000'000'000 + std::int64_t(random() % 1'000'000'000)};
    if (measured) {
      a.observed_at = a.modified_at;
      a.unit = symbol("CEL");
      a.provenance = provenance::measured;
      a.series = random() % 1'000'000'000;
    }
    return make_attribute(std::move(a));
  }

  entity_ptr make_entity(std::size_t i) {
    auto e = entity();
    e.id = id(i);
    e.types = {type(i)};
    e.created_at = e.modified_at = timestamp{1'795'000'000'000'000};
    e.version = i;
    e.attributes.reserve(8);
    auto const point = json::array{std::round(uniform(7.3, 7.7) * 1e6) / 1e6, std::round(uniform(51.4, 51.6) * 1e6) / 1e6};
    e.attributes.push_back(make(location, json::object{{"type", "Point"}, {"coordinates", point}}, attribute_kind::geo_property, false));
    e.attributes.push_back(make(temperature, rounded(-10, 35)));
    e.attributes.push_back(make(humidity, rounded(20, 100)));
    e.attributes.push_back(make(battery, std::int64_t(random() % 100)));
    e.attributes.push_back(make(status, random() % 10 ? "working" : "outOfService"));
    e.attributes.push_back(make(name, "Wetterstation Nummer " + std::to_string(i), attribute_kind::property, false));
    e.attributes.push_back(make(address, json::object{{"streetAddress", "Friedensplatz 1"}, {"addressLocality", "Dortmund"}, {"postalCode", "44135"}},
                                attribute_kind::property, false));
    e.attributes.push_back(make(device, "urn:ngsi-ld:Device:" + std::to_string(i), attribute_kind::relationship, false));
    return make_ref<entity>(std::move(e));
  }
};

query::node_ptr compare(symbol attribute_name, query::relation r, json::value v) {
  auto p = query::path();
  p.attribute = attribute_name;
  return query::compare(std::move(p), r, std::move(v));
}

query::node_ptr near(geo::position from, double max_m) {
  auto o = geo::spatial_query::options();
  o.relation = geo::relation::near;
  o.geometry = geo::geometry(from);
  o.max_m = max_m;
  return query::spatial(location, std::make_shared<geo::spatial_query const>(std::move(o)));
}

template <typename Make>
void measure(entity_store const& store, char const* what, int n, Make const& make) {
  auto times = std::vector<double>();
  auto found = std::size_t(0);
  for (auto i = 0; i < n + 5; ++i) {
    auto const q = make();
    auto const from = now_s();
    found += store.find(q).total.value_or(0);
    if (i >= 5) times.push_back(now_s() - from);
  }
  std::sort(times.begin(), times.end());
  auto const at = [&](double share) { return times[std::size_t(share * double(times.size() - 1))] * 1000; };
  auto const label = [&](char const* suffix) { return std::string(what) + suffix; };
  print(label("_p50").c_str(), at(0.5), "ms");
  print(label("_p95").c_str(), at(0.95), "ms");
  print(label("_matches").c_str(), double(found) / (n + 5), "entities");
}

}  // namespace

int main(int argc, char** argv) {
  auto const n = argc > 1 ? std::size_t(std::atoll(argv[1])) : 100'000;
  auto w = world();
  auto const before = heap_bytes();
  auto store = entity_store();
  {
    auto all = std::vector<entity_ptr>();
    for (auto i = std::size_t(0); i < n; ++i) all.push_back(w.make_entity(i));
    auto const bytes = heap_bytes() - before - all.capacity() * sizeof(entity_ptr);
    print("entity_bytes", double(bytes) / double(n), "B");
    auto const from = now_s();
    for (auto const& e : all) store.put(e);
    print("put_new", double(n) / (now_s() - from), "1/s");
  }
  print("entity_with_indexes_bytes", double(heap_bytes() - before) / double(n), "B");
  {
    auto names = name_table();
    auto bytes = std::string();
    auto out = byte_writer(bytes);
    auto const from = now_s();
    for (auto i = std::size_t(0); i < 20'000 && i < n; ++i) encode(out, *store.find(w.id(i)), names);
    auto const encoded = now_s();
    auto in = byte_reader(bytes);
    auto count = 0;
    for (; !in.at_end(); ++count) decode_entity(in, names);
    print("stored_entity", double(bytes.size()) / count, "B");
    print("encode_entity", (encoded - from) / count * 1e9, "ns");
    print("decode_entity", (now_s() - encoded) / count * 1e9, "ns");
  }
  {
    auto ids = std::vector<std::string>();
    for (auto i = 0; i < 500'000; ++i) ids.push_back(w.id(w.random() % n));
    auto const from = now_s();
    auto found = std::size_t(0);
    for (auto const& id : ids) found += bool(store.find(id));
    print("find_by_id", (now_s() - from) / double(ids.size()) * 1e9, "ns");
    if (found != ids.size()) return 1;
  }
  auto const some = [&](std::size_t i, query::node_ptr filter) {
    auto q = query::query();
    q.selectors.push_back({{}, nullptr, {{w.type(i)}}});
    q.filter = std::move(filter);
    q.count = true;
    return q;
  };
  auto const place = [&] { return geo::position{w.uniform(7.3, 7.7), w.uniform(51.4, 51.6)}; };
  measure(store, "type_value_radius_1km", 1000, [&] {
    return some(w.random(), query::all({compare(temperature, query::relation::greater, w.rounded(0, 30)), near(place(), 1000)}));
  });
  measure(store, "type_value_radius_5km", 300, [&] {
    return some(w.random(), query::all({compare(temperature, query::relation::greater, w.rounded(0, 30)), near(place(), 5000)}));
  });
  measure(store, "type_two_values", 300, [&] {
    return some(w.random(), query::all({compare(temperature, query::relation::greater, 33.5),
                                        compare(humidity, query::relation::less, w.rounded(20, 30))}));
  });
  measure(store, "type_two_wide_values", 100, [&] {
    return some(w.random(), query::all({compare(temperature, query::relation::greater, 0),
                                        compare(humidity, query::relation::less, 80)}));
  });
  measure(store, "type_equal_text", 100, [&] { return some(w.random(), compare(status, query::relation::equal, "outOfService")); });
  measure(store, "word", 100, [&] { return some(w.random(), query::text({std::to_string(w.random() % n)})); });
  measure(store, "nearest_10", 300, [&] {
    auto q = some(w.random(), nullptr);
    auto o = query::order_by();
    o.path.attribute = location;
    o.near = std::make_shared<geo::geometry const>(place());
    q.order.push_back(o);
    q.limit = 10;
    q.count = false;
    return q;
  });
  measure(store, "count_of_type", 1000, [&] { return some(w.random(), nullptr); });
  print("entity_with_all_indexes_bytes", double(heap_bytes() - before) / double(n), "B");
  {
    auto const updates = std::size_t(200'000);
    auto spent = 0.0;
    for (auto i = std::size_t(0); i < updates; i += 1000) {
      auto batch = std::vector<entity_ptr>();
      for (auto k = 0; k < 1000; ++k) {
        auto e = entity(*store.find(w.id(w.random() % n)));
        e.set(w.make(temperature, w.rounded(-10, 35)));
        batch.push_back(make_ref<entity>(std::move(e)));
      }
      auto const from = now_s();
      for (auto& e : batch) store.put(std::move(e));
      spent += now_s() - from;
    }
    print("put_update", double(updates) / spent, "1/s");
  }
  return 0;
}
