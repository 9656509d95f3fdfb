#include "standard/sensorthings/candidates.h"

#include <random>

#include "standard/sensorthings/test_world.h"

namespace dos::sensorthings {
namespace {

class a_filter : public test_world {
 protected:
  std::size_t below(std::size_t n) { return std::size_t(random_() % n); }
  template <typename T>
  T one_of(std::vector<T> const& all) {
    return all[below(all.size())];
  }
  std::string word() {
    return one_of<std::string>({"Bench", "Tree", "Lamp 1", "Lamp 12", "5", "Station", "Source of Tree", "urn:x:2"});
  }
  json::value scalar() {
    switch (below(5)) {
      case 0:
        return std::int64_t(below(6));
      case 1:
        return double(below(12)) / 2;
      case 2:
        return below(2) == 0;
      default:
        return word();
    }
  }
  json::value properties() {
    auto o = json::object();
    for (auto const name : {"a", "b"}) {
      if (below(2)) o.push(name, scalar());
    }
    if (below(3) == 0) o.push("deep", json::object{{"a", scalar()}, {"@value", json::object{{"a", scalar()}}}});
    if (below(3) == 0) o.push("list", json::array{scalar(), scalar()});
    return o;
  }
  json::value point() {
    return json::object{{"type", "Point"},
                        {"coordinates", json::array{7.0 + double(below(40)) / 10, 51.0 + double(below(20)) / 10}}};
  }
  json::value place() {
    auto where = point();
    auto const kind = below(8);
    if (kind == 0) where = json::object{{"type", "Feature"}, {"geometry", where}, {"properties", json::object{}}};
    return json::object{{"name", word()},
                        {"description", ""},
                        {"encodingType", kind == 1 ? "text" : "application/geo+json"},
                        {"location", where},
                        {"properties", properties()}};
  }
  json::value sensor() {
    return json::object{{"name", word()}, {"encodingType", "text"}, {"metadata", word()}, {"properties", properties()}};
  }
  json::value observed() {
    return json::object{{"name", word()}, {"definition", "http://x/" + word()}, {"description", ""}};
  }
  json::value reference(std::vector<std::uint64_t> const& all) { return json::object{{"@iot.id", one_of(all)}}; }

  void fill() {
    auto sensors = std::vector<std::uint64_t>(), observed_properties = sensors, places = sensors, things = sensors;
    for (auto i = 0; i < 6; ++i) sensors.push_back(create(kind::sensor, sensor()));
    for (auto i = 0; i < 5; ++i) observed_properties.push_back(create(kind::observed_property, observed()));
    for (auto i = 0; i < 12; ++i) places.push_back(create(kind::location, place()));
    for (auto i = 0; i < 25; ++i) {
      auto thing = json::object{{"name", word()}, {"description", word()}, {"properties", properties()}};
      if (below(4)) thing.push("Locations", json::array{reference(places)});
      things.push_back(create(kind::thing, thing));
      for (auto n = below(3); n > 0; --n) {
        auto const stream =
            create(kind::datastream, json::object{{"name", word()},
                                                  {"description", ""},
                                                  {"unitOfMeasurement", json::object{{"name", "x"}}},
                                                  {"properties", properties()},
                                                  {"Thing", json::object{{"@iot.id", things.back()}}},
                                                  {"Sensor", reference(sensors)},
                                                  {"ObservedProperty", reference(observed_properties)}});
        if (below(3) == 0)
          change(kind::datastream, stream, json::object{{"name", word()}, {"Sensor", reference(sensors)}});
        for (auto m = below(3); m > 0; --m) {
          auto const feature =
              json::object{{"name", word()}, {"encodingType", "application/geo+json"}, {"feature", point()}};
          create(kind::observation, json::object{{"result", scalar()},
                                                 {"Datastream", json::object{{"@iot.id", stream}}},
                                                 {"FeatureOfInterest", feature}});
        }
      }
      if (below(3) == 0)
        change(kind::thing, things.back(), json::object{{"Locations", json::array{reference(places)}}});
    }
    // What came in at other doors.
    for (auto i = 0; i < 25; ++i) {
      auto e = entity();
      e.id = "urn:x:" + std::to_string(i);
      e.types = {symbol(i % 2 ? "https://x/Lamp" : "https://x/Tree")};
      auto const set = [&](symbol name, json::value v, attribute_kind k = attribute_kind::property) {
        auto a = make_value(name, std::move(v), k);
        if (name.text().ends_with("level")) a.observed_at = clock_.now();
        e.set(make_attribute(std::move(a)));
      };
      if (below(2)) set(words_.name, word());
      if (below(4) == 0)
        set(words_.name, json::object{{"de", word()}, {"en", word()}}, attribute_kind::language_property);
      if (below(8) == 0) set(words_.name, json::object{{"@type", "T"}, {"@value", word()}});
      if (below(8) == 0) set(words_.name, "urn:x:1", attribute_kind::relationship);
      if (below(3) == 0) set(words_.other_name, word());
      if (below(2)) set(words_.location, point(), attribute_kind::geo_property);
      if (below(4) == 0)
        set(words_.has_location, read().find(kind::location, one_of(places))->entity->id, attribute_kind::relationship);
      set(symbol(below(2) ? "https://x/level" : "https://y/level"), std::int64_t(i));
      if (below(2)) set(symbol("https://x/a"), word());
      if (below(2)) set(symbol("https://y/b"), json::object{{"a", word()}, {"x", 1}}, attribute_kind::json_property);
      if (below(3) == 0) set(words_.properties, properties(), attribute_kind::json_property);
      put(std::move(e));
    }
    for (auto i = 0; i < 3; ++i) remove(kind::thing, things[std::size_t(i)]);
  }

  std::string literal() {
    auto const v = scalar();
    if (v.is_string()) return "'" + std::string(v.as_string()) + (below(4) ? "'" : " level'");
    return json::to_string(v);
  }
  // A path from a kind: over some navigations to a property.
  std::string path(kind k, bool to_place, int steps = 0) {
    auto const& d = describe(k);
    auto is_end = below(2) == 0 || steps > 1;
    if (to_place) is_end = k == kind::location || k == kind::feature;
    if (to_place && k == kind::thing) return "Locations/location";
    if (to_place && (k == kind::datastream || k == kind::multi_datastream)) return "Thing/Locations/location";
    if (to_place && k == kind::sensor) return "Datastreams/Thing/Locations/location";
    if (to_place && k == kind::observed_property) return "Datastreams/Thing/Locations/location";
    if (is_end && to_place) return k == kind::location ? "location" : "feature";
    if (is_end) {
      auto all = std::vector<std::string>{"id", "@iot.id"};
      for (auto const& p : d.properties) {
        all.emplace_back(p.name);
        all.emplace_back(p.name);
      }
      auto name = one_of(all);
      if (name == "properties") {
        name += one_of<std::string>(
            {"/a", "/b", "/b/a", "/a", "/deep/a", "/list[0]", "/deep/@value/a", "/id", "/type", "/thing", "/level"});
      }
      return name;
    }
    auto const& n = d.navigations[below(d.navigations.size())];
    return std::string(n.name) + "/" + path(n.to, to_place, steps + 1);
  }
  std::string condition(kind k, int depth) {
    switch (below(depth < 3 ? 14 : 8)) {
      case 0:
        return path(k, false) + one_of<std::string>({" lt ", " ge ", " ne "}) + literal();
      case 1:
        return one_of<std::string>({"startswith(", "endswith(", "contains("}) + path(k, false) + ",'" +
               word().substr(0, 1 + below(4)) + "')";
      case 2:
        return "substringof('" + word().substr(0, 1 + below(4)) + "'," + path(k, false) + ")";
      case 3:
        return path(k, false) + " in (" + literal() + "," + literal() + ")";
      case 4:
        if (depth > 20) return "true";
        return one_of<std::string>({"st_within(", "st_intersects(", "geo.intersects(", "st_equals("}) + path(k, true) +
               ",geography'POLYGON((7 51,9 51,9 52,7 52,7 51))')";
      case 5:
        return "geo.distance(" + path(k, true) + ",geography'POINT(8 51.5)') lt 0.6";
      case 8:
        return "(" + condition(k, depth + 1) + " and " + condition(k, depth + 1) + ")";
      case 9:
        return condition(k, depth + 1) + " and " + condition(k, depth + 1);
      case 10:
        return "(" + condition(k, depth + 1) + " or " + condition(k, depth + 1) + ")";
      case 11:
        return "not " + condition(k, depth + 1);
      case 12: {
        auto const& d = describe(k);
        auto const& n = d.navigations[below(d.navigations.size())];
        if (!n.many) return path(k, false) + " eq null";
        auto const end = describe(n.to).properties.empty() ? std::string("id") : path(n.to, false);
        return std::string(n.name) + "/any(v:v/" + end + " eq " + literal() + (below(2) ? " and v/id gt 3)" : ")");
      }
      default:
        return path(k, false) + " eq " + literal();
    }
  }

  std::vector<std::uint64_t> listed(lister const& l, kind k, query_options const& o,
                                    std::optional<std::uint64_t>& count) {
    auto ids = std::vector<std::uint64_t>();
    auto p = l.list({k, {}, nullptr}, o);
    count = p.count;
    for (auto next = o;; p = l.list({k, {}, nullptr}, next)) {
      for (auto const& i : p.items) ids.push_back(i.id);
      if (p.next.empty() || ids.size() > 1'000) return ids;
      next.token = p.next;
    }
  }

  std::mt19937_64 random_{4};

  // Asks at random, once looking at everything, once by indexes.
  void compare(reader const& r, int rounds) {
    auto plain_limits = limits(), quick_limits = limits();
    plain_limits.candidates_max = 0;
    auto const plain = lister(r, plain_limits), quick = lister(r, quick_limits);
    for (auto round = 0; round < rounds && !HasFailure(); ++round) {
      auto const k = kind(below(kind_count));
      auto const text = condition(k, 0);
      SCOPED_TRACE(std::string(describe(k).set) + "?$filter=" + text);
      auto o = query_options();
      try {
        o.filter = parse_filter(text, k);
      } catch (fault const&) {
        continue;
      }
      o.count = true;
      o.top = 1 + below(30);
      if (below(3) == 0)
        o.order = parse_order(below(2) ? "id desc" : k == kind::observation ? "phenomenonTime desc" : "id", k);
      auto counted = std::optional<std::uint64_t>(), counted_quickly = counted;
      auto const expected = listed(plain, k, o, counted);
      EXPECT_EQ(listed(quick, k, o, counted_quickly), expected);
      EXPECT_EQ(counted_quickly, counted);
      hits_ += !expected.empty();
      helped_ += !expected.empty() && candidates(r, 10'000).find(k, *o.filter);
    }
  }

  int hits_ = 0, helped_ = 0;
};

TEST_F(a_filter, finds_by_indexes_what_a_look_at_everything_finds) {
  fill();
  compare(read(), 1'000);
  EXPECT_GT(hits_, 250);
  EXPECT_GT(helped_, 100);
}

TEST_F(a_filter, finds_by_indexes_no_more_than_the_asker_may_see) {
  fill();
  for (auto const type : {words_.thing.text(), words_.location_type.text(), std::string_view("https://x/Lamp")}) {
    own().apply([&](transaction& t) { t.put_record(open_types_collection, type, json::object{{"type", type}}); });
  }
  auto const anybody = session(city_, principal{.name = "anybody", .role = role::anonymous, .source = "test"});
  compare(reader(anybody, own(), around_), 1'000);
  EXPECT_GT(hits_, 100);
  EXPECT_GT(helped_, 50);
}

}  // namespace
}  // namespace dos::sensorthings
