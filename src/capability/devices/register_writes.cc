#include "capability/devices/register_writes.h"

#include <cmath>

#include "base/fault.h"
#include "base/text.h"
#include "capability/devices/device_register.h"
#include "devices/device_command.h"
#include "devices/radio_state.h"

namespace dos::devices {
namespace {

attribute_ptr fact(terms const& words, std::string_view term, attribute_kind kind, json::value value,
                   std::string_view unit = {}) {
  auto a = attribute();
  a.name = symbol(words.iri(term));
  a.kind = kind;
  a.unit = symbol(unit);
  a.provenance = provenance::entered;
  a.value = std::move(value);
  return make_attribute(std::move(a));
}

// Leaves alone what says the same already, so that nobody is notified of nothing.
void set_fact(entity& e, attribute_ptr a) {
  auto const known = e.find(a->name);
  if (!known || !(known->value == a->value) || known->kind != a->kind) e.set(std::move(a));
}

// The last part of an IRI, for ids: "https://…/NoiseLevelObserved" → "NoiseLevelObserved".
std::string local_name(std::string_view type) {
  auto const end = type.find_last_of("/#:");
  return std::string(end == type.npos ? type : type.substr(end + 1));
}

bool is_alive(entity_ptr const& e) { return e && e->deleted_at == no_time; }

bool is_same_point(entity const& e, new_point const& p, terms const& words) {
  auto const name = e.find(symbol(words.iri("name")));
  auto const place = e.find(symbol(words.iri("location")));
  return name && name->value == json::value(p.name) && (place ? place->value : json::value()) == p.location;
}

void note_point(transaction& t, entity const& e, terms const& words) {
  auto const name = e.find(symbol(words.iri("name")));
  auto const text = name && name->value.is_string() ? name->value : json::value(e.id);
  auto record = json::value(json::object{{"name", text}, {"type", words.term(e.types.front().text())}});
  auto const known = t.find_record(measuring_point_collection, e.id);
  if (!known || !(*known == record)) t.put_record(measuring_point_collection, e.id, std::move(record));
}

}  // namespace

new_point read_new_point(json::value const& body, std::string_view usual_type) {
  require(body.is_object(), fault_kind::invalid, "a measuring point is an object {name, location, type}",
          "measuringPointNew");
  auto p = new_point();
  p.name = text::trim(body.text_or("name", ""));
  require(!p.name.empty() && p.name.size() <= 200, fault_kind::invalid, "a measuring point has a name", "name");
  p.type = body.text_or("type", usual_type);
  require(!p.type.empty() && p.type.size() <= 200, fault_kind::invalid, "say of which type the measuring point is",
          "type");
  if (auto const* place = body.find("location"); place && !place->is_null()) {
    auto const* at = place->find("coordinates");
    auto const in = [](json::value const& v, double max) { return v.is_number() && std::abs(v.as_double()) <= max; };
    require(place->text_or("type", "") == "Point" && at && at->is_array() && at->as_array().size() >= 2 &&
                in(at->as_array()[0], 180) && in(at->as_array()[1], 90),
            fault_kind::invalid, "location is {type: Point, coordinates: [longitude, latitude]} in degrees",
            "location");
    p.location = *place;
  }
  if (auto const* outside = body.find("outsideCity"); outside && !outside->is_null()) {
    require(outside->is_bool(), fault_kind::invalid, "outsideCity is true or false", "outsideCity");
    p.may_lie_outside = outside->as_bool();
  }
  return p;
}

device get_device(transaction const& t, std::string_view id) {
  auto const record = t.find_record(device_collection, id);
  require(record != nullptr, fault_kind::not_found, "there is no device " + std::string(id));
  return read_device(*record);
}

void put_device(transaction& t, device const& d, terms const& words) {
  t.put_record(device_collection, d.id, to_json(d));
  auto const id = device_entity_id(d.id);
  auto const known = t.find(id);
  auto e = is_alive(known) ? entity(*known) : entity();
  e.id = id;
  if (e.types.empty()) e.types = {symbol(words.iri("Device"))};
  auto const property = attribute_kind::property;
  set_fact(e, fact(words, "name", property, d.name));
  set_fact(e, fact(words, "serialNumber", property, d.id));
  set_fact(e, fact(words, "category", property, json::array{"sensor"}));
  set_fact(e, fact(words, "profile", property, d.profile));
  set_fact(e, fact(words, "deviceState", property, to_text(d.state)));
  auto const asset = symbol(words.iri("controlledAsset"));
  if (auto const* mount = d.mount_at(t.now())) {
    set_fact(e, fact(words, "controlledAsset", attribute_kind::relationship, mount->measuring_point));
    auto const point = t.find(mount->measuring_point);
    auto const place = is_alive(point) ? point->find(symbol(words.iri("location"))) : nullptr;
    if (place) set_fact(e, fact(words, "location", attribute_kind::geo_property, place->value));
  } else {
    e.remove(asset, {});
  }
  t.put(std::move(e));
}

void remove_device(transaction& t, std::string_view id) {
  get_device(t, id);
  t.erase_record(device_collection, id);
  if (t.find_record(radio_state_collection, id)) t.erase_record(radio_state_collection, id);
  remove_commands(t, id);
  auto const entity_id = device_entity_id(id);
  if (is_alive(t.find(entity_id))) t.erase(entity_id);
}

std::string put_point(transaction& t, new_point const& p, terms const& words) {
  auto const stem = "urn:ngsi-ld:" + local_name(p.type) + ":" + slug_of(p.name);
  auto id = stem;
  for (auto n = 2;; ++n) {
    auto const known = t.find(id);
    if (!known) break;
    if (is_alive(known) && is_same_point(*known, p, words)) {
      note_point(t, *known, words);
      return id;
    }
    id = stem + "-" + std::to_string(n);
  }
  auto e = entity();
  e.id = id;
  e.types = {symbol(words.iri(p.type))};
  e.set(fact(words, "name", attribute_kind::property, p.name));
  if (!p.location.is_null()) e.set(fact(words, "location", attribute_kind::geo_property, p.location));
  if (p.interval_s) e.set(fact(words, "expectedInterval", attribute_kind::property, *p.interval_s, "SEC"));
  note_point(t, e, words);
  t.put(std::move(e));
  return id;
}

void use_as_point(transaction& t, std::string const& id, device const& d, device_profile const& p, terms const& words) {
  auto const known = t.find(id);
  require(is_alive(known), fault_kind::not_found, "there is no measuring point " + id, "measuringPoint");
  auto e = entity(*known);
  note_point(t, e, words);
  if (d.mount_at(t.now()) && d.mount_at(t.now())->measuring_point == id) {
    set_fact(e, fact(words, "refDevice", attribute_kind::relationship, device_entity_id(d.id)));
  }
  if (p.interval_s && !e.find(symbol(words.iri("expectedInterval")))) {
    e.set(fact(words, "expectedInterval", attribute_kind::property, *p.interval_s, "SEC"));
  }
  t.put(std::move(e));
}

}  // namespace dos::devices
