#include "kernel/city/instance.h"

namespace dos {
namespace {



// Members of a property of the property, as stored: short, because they stand in every distinct set of extras.
json::value to_json(attribute const& a) {
  auto o = json::object({{"kind", int(a.kind)}, {"value", a.value}});
  if (a.unit) o.push("unit", a.unit.text());
  if (a.observed_at != no_time) o.push("observedAt", a.observed_at.us);
  if (a.provenance != provenance::unknown) o.push("provenance", to_text(a.provenance));
  if (!a.more.is_null()) o.push("more", a.more);
  if (!a.attributes.empty()) {
    auto subs = json::object();
    for (auto const& sub : a.attributes) subs.push(std::string(sub->name.text()), to_json(*sub));
    o.push("attributes", std::move(subs));
  }
  return o;
}

attribute from_json(std::string_view name, json::value const& v) {
  auto a = attribute();
  a.name = symbol(name);
  if (auto const* const kind = v.find("kind")) a.kind = attribute_kind(kind->as_int());
  if (auto const* const value = v.find("value")) a.value = *value;
  a.unit = symbol(v.text_or("unit", {}));
  if (auto const* const t = v.find("observedAt")) a.observed_at = {t->as_int()};
  a.provenance = parse_provenance(v.text_or("provenance", {})).value_or(provenance::unknown);
  if (auto const* const more = v.find("more")) a.more = *more;
  if (auto const* const subs = v.find("attributes")) {
    for (auto const& m : subs->as_object()) a.attributes.push_back(make_attribute(from_json(m.key, m.value)));
  }
  return a;
}

}  // namespace

observation to_observation(attribute const& a, observation_number number) {
  auto const observed = a.observed_at != no_time;
  auto o = observation{.number = number, .time = observed ? a.observed_at : a.modified_at, .value = a.value, .extras = {}};
  if (a.provenance != provenance::unknown) set_extra(o, extra::provenance, to_text(a.provenance));
  if (a.unit) set_extra(o, extra::unit, a.unit.text());
  if (observed && a.modified_at != no_time) set_extra(o, extra::modified_at, a.modified_at);
  if (!a.attributes.empty()) {
    auto subs = json::object();
    for (auto const& sub : a.attributes) subs.push(std::string(sub->name.text()), to_json(*sub));
    set_extra(o, extra::sub_attributes, std::move(subs));
  }
  if (!a.more.is_null()) set_extra(o, "more", a.more);
  return o;
}

observation to_deletion(timestamp at, observation_number number) {
  auto o = observation{.number = number, .time = at, .value = {}, .extras = {}};
  set_extra(o, extra::deleted, true);
  return o;
}

attribute to_attribute(series_ref const& series, observation const& o) {
  auto a = attribute();
  a.name = series.attribute;
  a.dataset = series.dataset;
  a.kind = series.kind;
  a.series = series.series;
  a.value = o.value;
  a.unit = symbol(text_of(o, extra::unit));
  a.provenance = parse_provenance(text_of(o, extra::provenance)).value_or(provenance::unknown);
  auto const modified = find_time(o, extra::modified_at);
  // Without a time of modification the observation's own time is one: it was not observed, only written.
  if (modified) a.observed_at = o.time;
  a.modified_at = modified.value_or(o.time);
  a.created_at = find_time(o, extra::created_at).value_or(a.modified_at);
  if (auto const* const subs = o.extras.find(extra::sub_attributes)) {
    for (auto const& m : subs->as_object()) a.attributes.push_back(make_attribute(from_json(m.key, m.value)));
  }
  if (auto const* const more = o.extras.find("more")) a.more = *more;
  return a;
}

}  // namespace dos
