#include "standard/sensorthings/reader.h"

#include <algorithm>
#include <cctype>

#include "kernel/city/city.h"

namespace dos::sensorthings {
namespace {

bool keeps_measurements(attribute_kind k) {
  return k == attribute_kind::property || k == attribute_kind::list_property || k == attribute_kind::json_property ||
         k == attribute_kind::vocab_property;
}

// Anything else is a fact about the thing that nobody measures: an address, a category.
bool is_measured(attribute const& a) {
  return keeps_measurements(a.kind) && (a.observed_at != no_time || a.unit || a.value.is_number() || a.value.is_bool());
}

bool is_generated(entity const& e) { return e.id.starts_with(generated_property_stem); }

}  // namespace

std::string link_key(std::string_view target, std::string_view relation, std::string_view source) {
  return std::string(target) + ' ' + std::string(relation) + ' ' + std::string(source);
}

std::string feature_since_prefix(std::string_view thing) { return std::string(thing) + '\n'; }

std::string feature_since_key(std::string_view thing, observation_number since) {
  auto const before_end = std::to_string(UINT64_MAX - since);
  return feature_since_prefix(thing) + std::string(20 - before_end.size(), '0') + before_end;
}

std::string property_entity_id(vocabulary const& words, symbol attribute) {
  auto id = std::string(generated_property_stem);
  for (auto const c : words.term(attribute))
    id += std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' ? c : '_';
  return id;
}

std::string datastream_name_key(std::string_view name, std::string_view series) {
  constexpr std::size_t name_bytes_max = 100;
  auto n = std::min(name.size(), name_bytes_max);
  while (n > 0 && n < name.size() && (name[n] & 0xc0) == 0x80) --n;
  return std::string(name.substr(0, n)) + '\n' + std::string(series);
}

std::uint64_t reader::number_of(entity const& e) const {
  auto least = std::uint64_t(0);
  for (auto const& s : own_.city().entities().series_of(e.id)) {
    if (least == 0 || s.series < least) least = s.series;
  }
  return least;
}

std::optional<kind> reader::own_kind(entity const& e) const {
  for (auto const k : {kind::location, kind::sensor, kind::observed_property, kind::feature}) {
    if (e.has_type(words_.type_of(k))) return k;
  }
  return std::nullopt;
}

bool reader::is_thing(entity const& e) const {
  if (own_kind(e)) return false;
  if (e.has_type(words_.thing)) return true;
  auto const is_stream = [&](attribute_ptr const& a) {
    return a->series && as_datastream(entity_ptr(&e), {a->series, a->name, a->dataset, a->kind});
  };
  if (std::any_of(e.attributes.begin(), e.attributes.end(), is_stream)) return true;
  auto const all = own_.series_of(e.id);
  return std::any_of(all.begin(), all.end(),
                     [&](series_ref const& s) { return bool(as_datastream(entity_ptr(&e), s)); });
}

std::optional<item> reader::as_datastream(entity_ptr const& e, series_ref const& s) const {
  if (!keeps_measurements(s.kind) || own_kind(*e)) return std::nullopt;
  auto i = make_item(kind::datastream, s.series, e, s);
  i.about = own_.find_record(datastream_collection, std::to_string(s.series));
  if (i.about) {
    if (i.about->find("unitOfMeasurements")) i.what = kind::multi_datastream;
    return i;
  }
  for (auto const name :
       {words_.name, words_.description, words_.properties, words_.other_name, words_.other_description}) {
    if (s.attribute == name) return std::nullopt;
  }
  auto const a = e->find(s.attribute, s.dataset);
  if (!a || !is_measured(*a)) return std::nullopt;
  i.derived = true;
  return i;
}

bool reader::holds_datastream(attribute const& a) const {
  if (!a.series || !keeps_measurements(a.kind)) return false;
  return is_measured(a) || own_.find_record(datastream_collection, std::to_string(a.series));
}

bool reader::is_one_of(kind k, entity_ptr const& e) const {
  return is_alive(e) && (k == kind::thing ? is_thing(*e) : own_kind(*e) == k);
}

std::optional<item> reader::as_item(kind k, entity_ptr const& e) const {
  auto const n = is_one_of(k, e) ? number_of(*e) : 0;
  if (n == 0) return std::nullopt;
  return make_item(k, n, e);
}

// An entity keeps its number, whatever may be seen of the series that it is taken from.
std::optional<entity_store::owned_series> reader::find_owner(std::uint64_t number) const {
  auto owner = who_.city().entities().find_series(number);
  if (owner) owner->entity = who_.find_with_history(owner->entity->id);
  return owner && owner->entity ? owner : std::nullopt;
}

std::optional<item> reader::find(kind k, std::uint64_t id) const {
  if (k == kind::observation || k == kind::historical_location) {
    auto const owner = who_.find_observed(id);
    if (!owner || !is_alive(owner->entity)) return std::nullopt;
    auto i = make_item(k, id, owner->entity, owner->series);
    if (k == kind::historical_location) {
      auto const places = places_of(*owner->entity);
      if (!is_thing(*owner->entity) || !places || places->series != owner->series.series) return std::nullopt;
    } else if (auto const stream = as_datastream(owner->entity, owner->series)) {
      i.about = stream->about;
      i.derived = stream->derived;
    } else {
      return std::nullopt;
    }
    i.moment = own_.history().find(owner->series.series, id);
    return i.moment && !is_deleted(*i.moment) ? std::optional(i) : std::nullopt;
  }
  auto const is_series = k == kind::datastream || k == kind::multi_datastream;
  auto owner = is_series ? who_.find_series(id) : find_owner(id);
  if (!owner && k == kind::observed_property) {
    owner = own_.find_series(id);
    if (owner && !is_generated(*owner->entity)) owner.reset();
  }
  if (owner && is_generated(*owner->entity) && !knows_attribute_of(*owner->entity)) owner.reset();
  if (!owner || !is_alive(owner->entity)) return std::nullopt;
  auto const& e = owner->entity;
  if (is_series) {
    auto stream = as_datastream(e, owner->series);
    if (stream && stream->what != k) stream.reset();
    return stream;
  }
  if (k == kind::location && owner->series.attribute == words_.location && is_thing(*e) && e->find(words_.location) &&
      !has_own_locations(*e)) {
    return make_derived(k, id, e, owner->series);
  }
  if (number_of(*e) != id) return std::nullopt;
  if (is_one_of(k, e)) return make_item(k, id, e);
  if (!is_thing(*e)) return std::nullopt;
  auto const is_there = k == kind::sensor ? is_own_sensor(e) : k == kind::feature && is_own_feature(*e);
  return is_there ? std::optional(make_derived(k, id, e)) : std::nullopt;
}

void reader::for_each(kind k, std::uint64_t from, time_bounds const& bounds, visitor const& visit) const {
  if (k == kind::observation || k == kind::historical_location) return for_each_by_series(k, from, bounds, visit);
  if (k == kind::observed_property && from == 0) make_properties();
  auto const last = who_.series_end();
  auto const& entities = own_.city().entities();
  auto const is_series = k == kind::datastream || k == kind::multi_datastream || k == kind::location;
  auto before = entity_ptr();
  for (auto n = std::max<std::uint64_t>(from, 1); n < last; ++n) {
    // An entity is known by its least number: the others of it, which mostly follow at once, need no look.
    auto e = entities.likely_owner(n);
    if (!e || (!is_series && e == before)) continue;
    before = std::move(e);
    // The list has what the asker sees by himself, and what everything derived adds.
    auto const i = find(k, n);
    if (!i) continue;
    if (!visit(*i)) return;
  }
}

// One series after the other, so that a page looks at no more than it shows and what is passed over on the way.
void reader::for_each_by_series(kind k, std::uint64_t from, time_bounds const& bounds, visitor const& visit) const {
  auto const end = who_.series_end();
  auto goes_on = true;
  auto const next = [&](item const& i) { return goes_on = visit(i); };
  for (auto n = std::max<std::uint64_t>(from, 1); goes_on && n < end; ++n) {
    auto const owner = who_.find_series(n);
    if (!owner || !is_alive(owner->entity)) continue;
    auto here = bounds;
    if (n != from) here.after.reset();
    if (k == kind::historical_location) {
      auto const is_place = owner->series.attribute == words_.has_location || owner->series.attribute == words_.location;
      auto const places = is_place ? places_of(*owner->entity) : std::nullopt;
      if (places && places->series == n && is_thing(*owner->entity)) historical_locations_of(owner->entity, here, next);
    } else if (auto const stream = as_datastream(owner->entity, owner->series)) {
      observations_of(*stream, here, next);
    }
  }
}

void reader::make_properties() const {
  for (auto const& [type, n] : who_.types()) {
    for (auto const& [name, m] : who_.attributes_of(type)) {
      if (!own_.find(property_entity_id(words_, name)) && sees_derived(type, name)) derived_property(name);
    }
  }
}

// A property was made of an attribute that somebody saw. Others see it when they know the attribute themselves.
bool reader::knows_attribute_of(entity const& generated) const {
  if (who_.view()->is_clear()) return true;
  if (auto const it = known_properties_.find(generated.id); it != known_properties_.end()) return it->second;
  auto knows = false;
  for (auto const& [type, n] : who_.types()) {
    for (auto const& [name, m] : who_.attributes_of(type)) {
      knows = knows || (property_entity_id(words_, name) == generated.id && sees_derived(type, name));
    }
  }
  return known_properties_[generated.id] = knows;
}

// Some entity of the type has the attribute as a Datastream that follows from it.
bool reader::sees_derived(symbol type, symbol name) const {
  auto q = query::query();
  q.selectors = {{.ids = {}, .id_pattern = {}, .types = {{type}}}};
  q.attributes = {name};
  q.limit = 20;
  auto const found = who_.find(q).entities;
  return std::any_of(found.begin(), found.end(), [&](entity_ptr const& e) {
    auto const a = e->find(name);
    auto const stream = a && a->series ? as_datastream(e, {a->series, name, {}, a->kind}) : std::nullopt;
    return stream && stream->derived;
  });
}

item reader::derived_property(symbol name) const {
  auto const id = property_entity_id(words_, name);
  auto e = own_.find(id);
  if (!e) {
    program_.apply([&](transaction& t) {
      if (auto const there = t.find(id); is_alive(there)) return;
      auto made = entity();
      made.id = id;
      made.types = {words_.observed_property};
      auto const set = [&](symbol what, std::string_view value) {
        auto a = attribute();
        a.name = what;
        a.value = value;
        made.set(make_attribute(std::move(a)));
      };
      set(words_.name, words_.term(name));
      set(words_.definition, name.text());
      t.put(std::move(made));
    });
    e = own_.get(id);
  }
  return *as_item(kind::observed_property, e);
}

}  // namespace dos::sensorthings
