// Entities by chance, for property tests: every kind of attribute and value, from few names so that they collide.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "kernel/graph/entity.h"

namespace dos {

class random_world {
 public:
  explicit random_world(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return std::size_t(random_() % n); }
  bool chance(int percent) { return int(below(100)) < percent; }

  symbol type() { return symbol("https://example.org/type" + std::to_string(below(4))); }
  symbol name() { return symbol("https://example.org/a" + std::to_string(below(6))); }
  std::string id() { return "urn:ngsi-ld:thing:" + std::to_string(below(ids_)); }
  void set_ids(std::size_t n) { ids_ = n; }

  std::string word() {
    static auto const words = std::vector<std::string>{"Rathaus", "Parkhaus",  "Ruhr",   "Schwerte", "Dortmund",
                                                       "Straße",  "größer",    "a",      "Zählstelle und noch einige Zeichen mehr",
                                                       "2026-11-21T20:27:08Z", "2026-11-21T21:27:08+01:00", "2025-01-01T00:00:00Z"};
    return words[below(words.size())];
  }

  json::value scalar() {
    switch (below(6)) {
      case 0: return chance(50);
      case 1: return double(below(40)) / 4;
      case 2: return word();
      default: return std::int64_t(below(10));
    }
  }

  json::value value(int depth = 0) {
    auto const k = below(depth < 3 ? 12 : 9);
    if (k < 9) return scalar();
    if (k == 9) {
      auto items = json::array();
      for (auto n = below(4); n > 0; --n) items.push_back(value(depth + 1));
      return items;
    }
    if (k == 10) return json::object{{"@type", "DateTime"}, {"@value", word()}};
    auto members = json::object();
    for (auto n = below(3); n > 0; --n) members["m" + std::to_string(n)] = value(depth + 1);
    return members;
  }

  json::value geometry() {
    auto const lon = 7.3 + double(below(4000)) / 10'000;
    auto const lat = 51.4 + double(below(2000)) / 10'000;
    if (chance(80)) return json::object{{"type", "Point"}, {"coordinates", json::array{lon, lat}}};
    auto const corner = [&](double x, double y) { return json::value(json::array{lon + x, lat + y}); };
    auto ring = json::array{corner(0, 0), corner(0.01, 0), corner(0.01, 0.01), corner(0, 0.01), corner(0, 0)};
    return json::object{{"type", "Polygon"}, {"coordinates", json::array{json::value(std::move(ring))}}};
  }

  attribute_ptr make_attribute(symbol name, int depth = 0) {
    auto a = attribute();
    a.name = name;
    if (chance(10)) a.dataset = symbol("urn:dataset:" + std::to_string(below(2)));
    if (chance(20)) a.unit = symbol("CEL");
    if (chance(30)) a.series = random_();
    if (chance(5)) a.more = json::object{{"valueType", "x"}};
    if (chance(50)) a.observed_at = time();
    if (chance(50)) a.created_at = time();
    if (chance(50)) a.modified_at = time();
    a.provenance = provenance(below(6));
    switch (below(12)) {
      case 0:
        a.kind = attribute_kind::relationship;
        a.value = id();
        break;
      case 1:
        a.kind = attribute_kind::language_property;
        a.value = json::object{{"de", word()}, {"en", json::array{word(), word()}}};
        break;
      case 2:
        a.kind = attribute_kind::list_property;
        a.value = json::array{scalar(), scalar()};
        break;
      case 3:
        a.kind = attribute_kind::json_property;
        a.value = value();
        break;
      default: a.value = value();
    }
    if (depth < 2 && chance(15)) a.attributes.push_back(make_attribute(this->name(), depth + 1));
    return dos::make_attribute(std::move(a));
  }

  timestamp time() { return timestamp{1'700'000'000'000'000 + std::int64_t(below(50)) * us_per_second}; }

  entity make_entity() {
    auto e = entity();
    e.id = id();
    e.types.push_back(type());
    if (auto const second = type(); chance(20) && second != e.types[0]) e.types.push_back(second);
    if (chance(40)) e.scopes.push_back(symbol(chance(50) ? "/a/b" : "/a/c/d"));
    if (chance(5)) e.more = json::object{{"expiresAt", "2026-11-21T20:27:08Z"}};
    if (chance(70)) {
      auto place = attribute();
      place.name = symbol("https://uri.etsi.org/ngsi-ld/location");
      place.kind = attribute_kind::geo_property;
      place.value = geometry();
      e.attributes.push_back(dos::make_attribute(std::move(place)));
    }
    if (chance(50)) {
      auto title = attribute();
      title.name = symbol("https://schema.org/name");
      title.value = word() + " " + word();
      e.attributes.push_back(dos::make_attribute(std::move(title)));
    }
    for (auto n = below(6); n > 0; --n) e.set(make_attribute(name()));
    e.created_at = time();
    e.modified_at = time();
    e.version = random_() >> below(60);
    return e;
  }

 private:
  std::mt19937_64 random_;
  std::size_t ids_ = 1000;
};

}  // namespace dos
