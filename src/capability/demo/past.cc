#include "capability/demo/past.h"

#include <algorithm>
#include <set>
#include <span>

#include "kernel/city/instance.h"

namespace dos::demo {
namespace {

constexpr std::size_t values_a_write = 2'000;

attribute to_attribute(past_value const& v, provenance p) {
  auto a = attribute();
  a.name = v.attribute;
  a.unit = v.unit;
  a.provenance = p;
  a.value = v.value;
  a.observed_at = v.time;
  return a;
}

void write_part(transaction& t, std::string const& id, std::span<past_value const> part, provenance p) {
  auto const known = t.find(id);
  if (!known || known->deleted_at != no_time) return;
  auto now = entity(*known);
  auto latest = std::set<symbol>();
  auto history = std::vector<attribute>();
  for (auto v = part.rbegin(); v != part.rend(); ++v) {
    if (latest.insert(v->attribute).second) {
      now.set(make_attribute(to_attribute(*v, p)));
    } else {
      history.push_back(to_attribute(*v, p));
    }
  }
  for (auto a = history.rbegin(); a != history.rend(); ++a) {
    a->modified_at = t.now();
    t.observe({.entity = id, .attribute = a->name, .dataset = {}, .kind = a->kind}, to_observation(*a, 0));
  }
  t.put(std::move(now));
}

}  // namespace

timestamp last_observed(session const& s, std::string const& entity, timestamp otherwise) {
  auto const e = s.find(entity);
  if (!e) return otherwise;
  auto last = otherwise;
  for (auto const& a : e->attributes) last = std::max(last, a->observed_at);
  return last;
}

void write_past(session const& s, std::string const& entity, std::vector<past_value> const& values, provenance p) {
  auto left = std::span(values);
  while (!left.empty()) {
    auto const part = left.first(std::min(left.size(), values_a_write));
    s.apply([&](transaction& t) { write_part(t, entity, part, p); });
    left = left.subspan(part.size());
  }
}

}  // namespace dos::demo
