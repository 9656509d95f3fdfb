// The effects of one message: values of the measuring point, health of the device, or an entry of the quarantine.
#include <algorithm>
#include <map>
#include <set>

#include "base/fault.h"
#include "base/text_cut.h"
#include "devices/device_command.h"
#include "devices/input_source.h"
#include "devices/quarantine.h"
#include "devices/radio_state.h"
#include "ingest/lorawan/prepared.h"
#include "kernel/city/instance.h"

namespace dos::lorawan {
namespace {

constexpr std::size_t notice_bytes_max = 4 << 10;

// Of senders with a token of the platform, which nobody has entered: "lorawan:NAME".
input_source describe(std::string const& source) {
  auto s = input_source();
  s.id = source;
  s.kind = "webhook";
  s.name = source.substr(source.find(':') + 1);
  return s;
}

fate quarantine(transaction& t, prepared const& p, std::string const& reason, std::string const& detail) {
  auto entry = quarantined{.time = p.message.received,
                           .source = p.message.source,
                           .network = std::string(to_text(p.message.network)),
                           .device = p.event ? p.event->device : std::string(),
                           .reason = reason,
                           .detail = detail,
                           .event = std::string(text::cut(p.message.topic, 64)),
                           .body = p.message.body,
                           .provenance = p.message.provenance,
                           .frame_noted = p.frame_noted};
  if (p.problems.empty()) entry.values_left = p.only;
  for (auto const& problem : p.problems) entry.values_left.push_back(name_of(problem.entry, problem.attribute));
  if (p.replayed_key.empty()) {
    put_in_quarantine(t, std::move(entry));
  } else {
    t.put_record(quarantine_collection, p.replayed_key, to_json(entry));
  }
  return {.what = fate::kind::quarantined, .reason = reason, .detail = detail, .refused = {}};
}

void note_notice(radio_state& state, network_event const& e, timestamp when) {
  auto notice = e.notice;
  if (json::to_string(notice).size() > notice_bytes_max) notice = json::object{{"cut", true}};
  notice.as_object().push("event", to_text(e.kind));
  notice.as_object().push("time", to_string(when));
  state.last_notice = std::move(notice);
}

void note_reception(radio_state& state, network_event const& e) {
  if (auto const* best = e.best_reception()) {
    state.rssi = best->rssi;
    state.snr = best->snr;
  }
  state.gateways = e.receptions.size();
  if (e.spreading_factor) state.spreading_factor = e.spreading_factor;
}

void note_event(radio_state& state, prepared const& p, frame f) {
  auto const& e = *p.event;
  switch (e.kind) {
    case event_kind::uplink:
      if (f == frame::part) break;
      note_reception(state, e);
      state.recent.insert(state.recent.begin(), {p.when, e.f_port, e.f_cnt, e.payload});
      if (state.recent.size() > recent_uplinks_max) state.recent.pop_back();
      break;
    case event_kind::join:
      begin_session(state, e.session);
      ++state.joins;
      break;
    case event_kind::ack:
      ++(e.acknowledged ? state.downlinks_acknowledged : state.downlinks_unacknowledged);
      break;
    case event_kind::tx_ack:
      ++state.downlinks_sent;
      break;
    case event_kind::status:
      if (e.external_power) state.external_power = e.external_power;
      if (e.margin_db) state.margin_db = e.margin_db;
      state.battery_percent.reset();  // it may have none any more: see below
      break;
    case event_kind::location:
      break;
    case event_kind::log:
    case event_kind::integration:
      note_notice(state, e, p.when);
      break;
  }
  if (e.kind == event_kind::uplink || e.kind == event_kind::join) {
    state.route = {.source = p.message.source,
                   .network = std::string(to_text(p.message.network)),
                   .application = e.application,
                   .device = e.network_device,
                   .topic = p.message.topic_base};
  }
  if (e.battery_percent) state.battery_percent = e.battery_percent;
  // What the network itself says about a device is no sign of life.
  auto const from_device =
      e.kind != event_kind::log && e.kind != event_kind::integration && e.kind != event_kind::tx_ack;
  if (from_device) state.last_seen = std::max(state.last_seen, p.when);
}

// Whether the network has sent a command, and what the device said to it.
void note_report(transaction& t, prepared const& p) {
  if (!p.event->report) return;
  auto commands = read_commands(t.find_record(device_command_collection, p.device->id));
  auto report = *p.event->report;
  report.at = p.when;
  if (commands.take(report)) put_commands(t, p.device->id, commands);
}

// Gathers what changes on one entity.
class changes {
 public:
  changes(prepared const& p, terms const& words, entity e) : p_(p), words_(words), entity_(std::move(e)) {}

  void set(std::string_view term, attribute_kind kind, json::value value, std::string_view unit = {}) {
    set(term, kind, std::move(value), unit, p_.when);
  }
  void set(placed_value const& v) { set(v.rule->attribute, v.rule->kind, v.value, v.rule->unit, v.at); }

  // A late value belongs to the history, but what is known of a later time stays what is known now.
  void put(transaction& t) {
    auto late = std::vector<attribute>();
    auto current = std::set<symbol>();
    newest_first();
    for (auto& a : attributes_) {
      if (is_late(a) || !current.insert(a.name).second) {
        late.push_back(std::move(a));
      } else {
        entity_.set(make_attribute(std::move(a)));
      }
    }
    auto const id = entity_.id;
    if (!current.empty()) t.put(std::move(entity_));
    for (auto a = late.rbegin(); a != late.rend(); ++a) observe(t, id, std::move(*a));
  }

  // Only those named here keep a history: how often a device was heard is told by its last value.
  void put_with_history_of(transaction& t, std::vector<symbol> const& kept) {
    auto const id = entity_.id;
    auto history = std::vector<attribute>();
    auto current = std::set<symbol>();
    newest_first();
    for (auto& a : attributes_) {
      if (std::find(kept.begin(), kept.end(), a.name) != kept.end()) history.push_back(a);
      if (!is_late(a) && current.insert(a.name).second) entity_.set(make_attribute(std::move(a)));
    }
    t.put(std::move(entity_), transaction::keep::nothing);
    for (auto a = history.rbegin(); a != history.rend(); ++a) observe(t, id, std::move(*a));
  }

 private:
  void set(std::string_view term, attribute_kind kind, json::value value, std::string_view unit, timestamp at) {
    auto a = attribute();
    a.name = symbol(words_.iri(term));
    a.kind = kind;
    a.unit = symbol(unit);
    a.value = std::move(value);
    a.observed_at = at;
    a.provenance = p_.event->simulated                                  ? provenance::simulated
                   : p_.message.provenance != dos::provenance::measured ? p_.message.provenance
                                                                        : p_.device->provenance;
    if (!p_.time_note.empty() && at == p_.when) {
      auto note = attribute();
      note.name = symbol(words_.iri("quality"));
      note.value = p_.time_note;
      a.attributes.push_back(make_attribute(std::move(note)));
    }
    attributes_.push_back(std::move(a));
  }
  // A message may have several values of one attribute, each of its own time.
  void newest_first() {
    std::stable_sort(attributes_.begin(), attributes_.end(),
                     [](auto const& a, auto const& b) { return a.observed_at > b.observed_at; });
  }
  bool is_late(attribute const& a) const {
    auto const known = entity_.find(a.name);
    return known && known->observed_at != no_time && known->observed_at > a.observed_at;
  }
  static void observe(transaction& t, std::string const& id, attribute a) {
    a.modified_at = t.now();
    t.observe({.entity = id, .attribute = a.name, .dataset = {}, .kind = a.kind}, to_observation(a, 0));
  }

  prepared const& p_;
  terms const& words_;
  entity entity_;
  std::vector<attribute> attributes_;
};

entity device_entity(transaction const& t, device const& d, terms const& words) {
  auto const id = device_entity_id(d.id);
  auto const known = t.find(id);
  if (known && known->deleted_at == no_time) return *known;
  auto e = entity();
  e.id = id;
  e.types = {symbol(words.iri("Device"))};
  return e;
}

void write_device(transaction& t, prepared const& p, radio_state const& state, terms const& words) {
  auto const& e = *p.event;
  auto c = changes(p, words, device_entity(t, *p.device, words));
  auto history = std::vector<symbol>();
  auto const keep = [&](std::string_view term) { history.push_back(symbol(words.iri(term))); };
  auto const property = attribute_kind::property;
  if (e.kind == event_kind::uplink && !p.frame_noted) {
    if (state.rssi) c.set("rssi", property, *state.rssi, "DBM");
    if (state.snr) c.set("snr", property, *state.snr, "2N");
    if (state.spreading_factor) c.set("spreadingFactor", property, *state.spreading_factor);
    c.set("framesReceived", property, state.received, "C62");
    c.set("framesMissed", property, state.missed, "C62");
    c.set("framesRepeated", property, state.repeated, "C62");
    c.set("frameCounter", property, e.f_cnt);
    c.set("dateLastValueReported", property,
          json::object{{"@type", "DateTime"}, {"@value", to_string(state.last_seen)}});
    keep("rssi");
    keep("snr");
  }
  if (e.battery_percent) {
    c.set("batteryLevel", property, *e.battery_percent / 100, "C62");  // Smart Data Models: 1 is full
    keep("batteryLevel");
  }
  if (e.place) {
    auto const point = json::array{e.place->longitude, e.place->latitude};
    c.set("location", attribute_kind::geo_property, json::object{{"type", "Point"}, {"coordinates", point}});
    keep("location");
  }
  for (auto const& v : p.values) {
    if (v.rule->where != attribute_rule::target::device) continue;
    c.set(v);
    keep(v.rule->attribute);
  }
  c.put_with_history_of(t, history);
}

void write_measuring_points(transaction& t, prepared const& p, terms const& words) {
  auto by_point = std::map<std::string_view, std::vector<placed_value const*>>();
  for (auto const& v : p.values) {
    if (!v.point.empty()) by_point[v.point].push_back(&v);
  }
  for (auto const& [point, values] : by_point) {
    auto c = changes(p, words, entity(*t.find(point)));
    for (auto const* v : values) c.set(*v);
    c.put(t);
  }
}

// Values of a point that is gone can't be stored; the others can.
void drop_values_of_missing_points(transaction const& t, prepared& p) {
  std::erase_if(p.values, [&](placed_value const& v) {
    if (v.point.empty()) return false;
    auto const point = t.find(v.point);
    if (point && point->deleted_at == no_time) return false;
    p.problems.push_back({v.rule->attribute, v.entry,
                          "the device is mounted at " + v.point + ", which does not exist any more"});
    return true;
  });
}

std::string told(std::vector<unmapped_value> const& problems) {
  constexpr auto shown_max = std::size_t(5);
  auto text = std::string();
  for (auto i = std::size_t(0); i < problems.size() && i < shown_max; ++i) {
    text += (text.empty() ? "" : "; ") + problems[i].detail;
  }
  if (problems.size() > shown_max) text += "; and " + std::to_string(problems.size() - shown_max) + " more";
  return text;
}

heard_frame frame_of(prepared const& p) {
  auto const& e = *p.event;
  auto const has_codec = p.profile && !p.profile->codec.empty();
  auto f = heard_frame{.session = e.session, .f_cnt = e.f_cnt, .when = p.when, .is_dated = p.time_note.empty()};
  auto const digest = [&](json::value const& v) { return digest_of(json::to_string(v), e.f_port); };
  if (e.is_part && !has_codec && !e.normalized.empty()) {
    f.is_part = true;
    f.digest = digest(e.normalized.front());
    return f;
  }
  f.digest = e.payload.empty() ? digest(e.decoded.is_null() ? json::value(e.normalized) : e.decoded)
                               : digest_of(e.payload, e.f_port);
  for (auto i = std::size_t(0); i < e.normalized.size() && i < frame_parts_max; ++i) {
    f.parts.push_back(digest(e.normalized[i]));
  }
  return f;
}

// A battery that the payload tells about shows in the device's health like one that the network server tells about.
void take_battery(radio_state& state, prepared const& p) {
  for (auto const& v : p.values) {
    if (v.rule->where != attribute_rule::target::device || v.rule->attribute != "batteryLevel" ||
        !v.value.is_number()) {
      continue;
    }
    state.battery_percent = v.value.as_double() * (v.rule->unit == "P1" ? 1 : 100);
  }
}

}  // namespace

fate write(transaction& t, prepared& p, terms const& words) {
  auto const& source = p.message.source;
  auto const first_time = p.replayed_key.empty();
  if (first_time) {
    t.count(source, tally::received);
    note_received(t, describe(source));
  } else if (!t.find_record(quarantine_collection, p.replayed_key)) {
    throw fault(fault_kind::conflict, "this entry of the quarantine has been replayed or removed by somebody else");
  }
  if (!p.device) return quarantine(t, p, p.reason, p.detail);
  if (!t.find_record(device_collection, p.device->id)) {
    return quarantine(t, p, "unknown_device", "the device has just been removed from the register");
  }

  auto const& e = *p.event;
  auto const record = t.find_record(radio_state_collection, e.device);
  auto state = record ? read_radio_state(*record) : radio_state();
  auto seen = frame::fresh;
  if (e.kind == event_kind::uplink && !p.frame_noted) seen = note_frame(state, frame_of(p));
  if (seen == frame::repeated) {
    t.put_record(radio_state_collection, e.device, to_json(state));
    t.count(source, tally::repeated);
    if (!first_time) take_from_quarantine(t, p.replayed_key);
    return {.what = fate::kind::repeated, .reason = {}, .detail = {}, .refused = {}};
  }
  if (!p.frame_noted) {
    note_event(state, p, seen);
    note_report(t, p);
  }

  if (p.reason.empty()) {
    auto const was_any = !p.values.empty();
    drop_values_of_missing_points(t, p);
    if (was_any && p.values.empty()) {
      p.reason = "measuring_point_gone";
      p.detail = told(p.problems);
    }
  }
  if (!p.reason.empty()) {
    p.values.clear();
    p.problems.clear();
  }
  take_battery(state, p);
  t.put_record(radio_state_collection, e.device, to_json(state));
  write_device(t, p, state, words);
  p.frame_noted = true;
  if (!p.reason.empty()) return quarantine(t, p, p.reason, p.detail);

  write_measuring_points(t, p, words);
  if (first_time) t.count(source, tally::accepted);
  t.count(source, tally::stored);
  if (p.problems.empty()) {
    if (!first_time) take_from_quarantine(t, p.replayed_key);
    return {.what = fate::kind::stored, .reason = {}, .detail = p.note, .refused = {}};
  }
  auto left = quarantine(t, p, "value_rejected", told(p.problems));
  if (first_time) left.what = fate::kind::stored;
  return left;
}

}  // namespace dos::lorawan
