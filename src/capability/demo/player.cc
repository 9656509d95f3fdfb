#include "capability/demo/player.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "capability/demo/traces.h"
#include "devices/device.h"
#include "devices/device_profile.h"
#include "devices/input_source.h"
#include "kernel/city/city.h"
#include "linked_data/entity_change.h"

namespace dos::demo {
namespace {

namespace fs = std::filesystem;

constexpr auto us_per_hour = 3'600 * us_per_second;
constexpr auto past_us = 7 * 24 * us_per_hour;
constexpr auto silent_since_us = 5 * us_per_hour;
// Devices are mounted before the first value that is told of them.
constexpr auto mounted_since_us = past_us + 24 * us_per_hour;
// A sensor's past is told in steps of at least this.
constexpr std::int64_t past_step_s = 600;
// What came due while nobody played (a laptop asleep) is told at once, without the doors, when it is more than this.
constexpr auto gap_us = 10 * 60 * us_per_second;
constexpr std::size_t entities_a_batch = 250;
constexpr auto a_piece = std::chrono::milliseconds(700);

std::vector<fs::path> files_in(fs::path const& folder) {
  auto files = std::vector<fs::path>();
  auto none = std::error_code();
  for (auto const& f : fs::directory_iterator(folder, none)) files.push_back(f.path());
  std::sort(files.begin(), files.end());
  return files;
}

// Like an upsert that updates what is there (ETSI GS CIM 009, 5.6.8).
void bring(session const& s, context const& names, json::array const& entities) {
  auto fragments = std::vector<linked_data::entity_fragment>();
  for (auto const& e : entities) fragments.push_back(linked_data::parse_entity(e, names));
  s.apply([&](transaction& t) {
    for (auto const& f : fragments) {
      auto const known = t.find(f.id);
      if (!known || known->deleted_at != no_time) {
        linked_data::create(t, linked_data::to_entity(f));
        continue;
      }
      auto e = entity(*known);
      linked_data::append(e, f, true);
      linked_data::store_entity(t, std::move(e));
    }
  });
}

bool lose(sensor const& s, std::int64_t frame) { return s.behaviour == behaviour::weak && (std::uint64_t(frame) * 2'654'435'761u) % 8 == 0; }

}  // namespace

struct player::stage {
  std::shared_ptr<city> where;
  std::vector<json::value> entities;  // until they are loaded
  std::deque<recorded_week> weeks;
  std::deque<told_object> objects;
  std::deque<posted_sensor> sensors;
  std::string secret;  // of the webhook, new with every start
  timestamp since;     // when the load began
  bool was_loaded = false;
  bool plays = false;
};

terms const& player::words_of(stage const& on) const { return names_.of(*on.where); }

session player::session_for(stage const& on) const { return node_.as_source(on.where, "demo"); }

void player::prepare() {
  auto const root = fs::path(node_.resources_directory);
  network_ = read_sensors(read_existing_file(root / "demo" / "sensors.yaml"));
  auto const profiles = device_profiles(node_);
  for (auto const& c : node_.cities) {
    auto& on = stages_.emplace_back();
    on.where = c;
    for (auto const& profile : profiles.all(session_for(on))) {
      types_[profile->id] = profile->entity_type;
      for (auto const& rule : profile->attributes) units_[profile->id][rule.attribute] = rule.unit;
    }
    read_city(on, (root / "demo").string());
    if (on.entities.empty() && on.sensors.empty()) stages_.pop_back();
    else plan(on);
  }
}

void player::read_city(stage& on, std::string const& folder) {
  on.since = node_.clock.now();
  on.was_loaded = session_for(on).find_record(demo_collection, loaded_key) != nullptr;
  for (auto const& file : files_in(fs::path(folder) / "objects" / on.where->id())) on.entities.push_back(json::parse(read_existing_file(file)));
  for (auto const& file : files_in(fs::path(folder) / "week" / on.where->id())) {
    auto const& week = on.weeks.emplace_back(read_week(read_existing_file(file)));
    for (auto const& o : week.objects) on.objects.push_back({.week = &week, .object = &o, .told_until = {}});
  }
  for (auto const& s : network_.sensors) {
    if (s.city == on.where->id()) on.sensors.push_back({.sensor = &s, .last_frame = 0});
  }
}

// What can be seen first comes first: objects, then what they say now and said this week.
void player::plan(stage& on) {
  if (!on.was_loaded) {
    for (auto const& list : on.entities) todo_.push_back([this, &on, &list] { load_entities(on, list); });
    todo_.push_back([this, &on] { open_types(on); });
    for (auto const& p : on.sensors) todo_.push_back([this, &on, &p] { register_device(on, *p.sensor); });
  }
  todo_.push_back([this, &on] { open_webhook(on); });
  for (auto& o : on.objects) todo_.push_back([this, &on, &o] { tell_past(on, o); });
  for (auto& p : on.sensors) todo_.push_back([this, &on, &p] { measure_past(on, p); });
  todo_.push_back([this, &on] { begin(on); });
}

void player::step() {
  auto const lock = std::lock_guard(mutex_);
  auto const began = std::chrono::steady_clock::now();
  while (!todo_.empty() && std::chrono::steady_clock::now() - began < a_piece) {
    auto const piece = std::move(todo_.front());
    todo_.pop_front();
    piece();
  }
  for (auto& on : stages_) {
    if (on.plays) play(on);
  }
}

void player::open_webhook(stage& on) {
  auto const base = "/" + on.where->id() + "/platform/v1/webhooks";
  if (session_for(on).find_record(webhook_collection, webhook_name)) door_.ask("DELETE", base + "/" + webhook_name);
  auto const wish = json::object{{"name", webhook_name}, {"network", "chirpstack"}, {"provenance", "simulated"}};
  on.secret = door_.get_success("POST", base, wish).text_or("secret", "");
}

void player::load_entities(stage& on, json::value const& entities) {
  auto const& all = entities.as_array();
  for (auto i = std::size_t(0); i < all.size(); i += entities_a_batch) {
    auto const end = all.begin() + std::ptrdiff_t(std::min(all.size(), i + entities_a_batch));
    auto const part = json::array(all.begin() + std::ptrdiff_t(i), end);
    auto ids = std::vector<std::string>();
    for (auto const& e : part) ids.emplace_back(e.text_or("id", ""));
    note_brought(session_for(on), entities_key, ids);
    bring(session_for(on), *words_of(on).names(), part);
  }
}

void player::open_types(stage& on) {
  auto const s = session_for(on);
  auto types = std::set<std::string>();
  for (auto const& list : on.entities) {
    for (auto const& e : list.as_array()) types.insert(words_of(on).iri(e.text_or("type", "")));
  }
  for (auto const& p : on.sensors) types.insert(words_of(on).iri(types_[p.sensor->profile]));
  // What was open before is not the demonstration's to close.
  std::erase_if(types, [&](auto const& type) { return s.find_record(open_types_collection, type) != nullptr; });
  auto const opened = std::vector<std::string>(types.begin(), types.end());
  note_brought(s, types_key, opened);
  s.apply([&](transaction& t) {
    for (auto const& type : opened) {
      t.put_record(open_types_collection, type, json::object{{"type", type}, {"since", to_string(t.now())}});
    }
  });
}

void player::register_device(stage& on, demo::sensor const& s) {
  if (s.behaviour == behaviour::unregistered) return;
  auto const in = session_for(on);
  auto const from = to_string(on.since - mounted_since_us);
  auto const place = json::object{{"type", "Point"}, {"coordinates", json::array{s.longitude, s.latitude}}};
  auto const wish = json::object{{"devEui", s.dev_eui},
                                 {"name", s.name + " (simuliert)"},
                                 {"profile", s.profile},
                                 {"state", "active"},
                                 {"source", "webhook:" + std::string(webhook_name)},
                                 {"provenance", "simulated"},
                                 {"variables", s.variables},
                                 {"measuringPointNew", json::object{{"name", s.name}, {"location", place}}},
                                 {"from", from}};
  // A load that was interrupted left some of them.
  if (!in.find_record(device_collection, s.dev_eui)) {
    note_brought(in, devices_key, {s.dev_eui});
    door_.get_success("POST", "/" + on.where->id() + "/platform/v1/devices", wish);
  }
  auto const registered = read_device(*in.get_record(device_collection, s.dev_eui));
  auto points = std::vector<std::string>();
  for (auto const& m : registered.mounts) points.push_back(m.measuring_point);
  note_brought(in, entities_key, points);
}

std::vector<past_value> player::past_of(terms const& words, told_object const& o, timestamp from, timestamp to) const {
  auto values = std::vector<past_value>();
  for (auto const& told : rows_between(*o.object, from, to, zone_)) {
    for (auto const& v : told.row->values) {
      auto const& column = o.week->columns[v.column];
      values.push_back({symbol(words.iri(column.attribute)), symbol(column.unit), told.time, v.value});
    }
  }
  return values;
}

void player::tell_past(stage& on, told_object& o) {
  auto const now = node_.clock.now();
  auto const in = session_for(on);
  auto const from = std::max(last_observed(in, o.object->id, no_time), now - past_us);
  write_past(in, o.object->id, past_of(words_of(on), o, from, now), provenance::recorded);
  o.told_until = now;
}

void player::measure_past(stage& on, posted_sensor& p) {
  auto const& s = *p.sensor;
  auto const in = session_for(on);
  auto const end = on.since - (s.behaviour == behaviour::silent ? silent_since_us : 0);
  p.last_frame = s.frame_at(end) - 1;
  auto const record = in.find_record(device_collection, s.dev_eui);
  auto const is_quiet = s.behaviour == behaviour::silent && on.was_loaded;
  if (!record || is_quiet || s.behaviour == behaviour::broken) return;
  auto const device = read_device(*record);
  auto const* mount = device.mount_at(end);
  if (!mount) return;
  auto const from = std::max(last_observed(in, mount->measuring_point, no_time), end - past_us);
  auto const steps = std::max<std::int64_t>(1, past_step_s / s.every_s);
  auto values = std::vector<past_value>();
  for (auto frame = s.frame_at(from) + 1; frame <= p.last_frame; ++frame) {
    if (frame % steps != 0 || lose(s, frame)) continue;
    auto const when = s.time_of(frame);
    for (auto& v : measure(s, when, zone_)) {
      auto const& unit = units_[s.profile][std::string(v.attribute)];
      values.push_back({symbol(words_of(on).iri(v.attribute)), symbol(unit), when, std::move(v.value)});
    }
  }
  write_past(in, mount->measuring_point, values, provenance::simulated);
}

void player::begin(stage& on) {
  on.entities.clear();
  for (auto& p : on.sensors) {
    if (p.sensor->behaviour != behaviour::silent || on.was_loaded) continue;
    door_.send("/" + on.where->id() + "/lorawan/chirpstack?event=up",
               chirpstack_uplink(network_, *p.sensor, p.last_frame + 1, zone_), on.secret);
  }
  auto const took_ms = (node_.clock.now() - on.since) / 1'000;
  session_for(on).apply([&](transaction& t) {
    if (!on.was_loaded) t.put_record(demo_collection, loaded_key, json::object{{"at", to_string(t.now())}});
  });
  on.plays = true;
  log::info("the demonstration plays", {{"city", on.where->id()}, {"loaded_in_ms", took_ms}});
}

void player::play(stage& on) {
  auto const now = node_.clock.now();
  tell(on, now);
  post(on, now);
}

void player::tell(stage& on, timestamp now) {
  auto entities = json::array();
  for (auto& o : on.objects) {
    if (now - o.told_until > gap_us) {
      tell_past(on, o);
      continue;
    }
    for (auto const& told : rows_between(*o.object, o.told_until, now, zone_)) {
      // "urn:ngsi-ld:Type:…"
      auto const kind = o.object->id.substr(12, o.object->id.find(':', 12) - 12);
      auto e = json::object{{"id", o.object->id}, {"type", kind}};
      for (auto const& v : told.row->values) {
        auto const& column = o.week->columns[v.column];
        auto a = json::object{{"type", "Property"}, {"value", v.value}, {"observedAt", to_string(told.time)}};
        if (!column.unit.empty()) a.push("unitCode", column.unit);
        a.push(std::string(provenance_iri), json::object{{"type", "Property"}, {"value", to_text(provenance::recorded)}});
        e.push(column.attribute, std::move(a));
      }
      entities.push_back(std::move(e));
    }
    o.told_until = now;
  }
  if (!entities.empty()) bring(session_for(on), *words_of(on).names(), entities);
}

void player::post(stage& on, timestamp now) {
  for (auto& p : on.sensors) {
    auto const& s = *p.sensor;
    auto const due = s.frame_at(now);
    if (due <= p.last_frame || s.behaviour == behaviour::silent) continue;
    p.last_frame = due;
    if (lose(s, due)) continue;
    door_.send("/" + on.where->id() + "/lorawan/chirpstack?event=up", chirpstack_uplink(network_, s, due, zone_), on.secret);
  }
}

std::size_t player::remove(session const& s) {
  auto const lock = std::lock_guard(mutex_);
  auto const id = s.city().id();
  auto const was_loading = std::any_of(stages_.begin(), stages_.end(), [&](stage const& on) { return on.where->id() == id && !on.plays; });
  require(todo_.empty() || !was_loading, fault_kind::conflict, "the demonstration is still being loaded; try again in a minute");
  for (auto& on : stages_) {
    if (on.where->id() == id) on.plays = false;
  }
  door_.wait();
  auto const in = node_.as_source(s.shared_city(), "demo");
  if (in.find_record(webhook_collection, webhook_name)) door_.ask("DELETE", "/" + id + "/platform/v1/webhooks/" + webhook_name);
  auto const removed = take_away(in);
  log::info("the demonstration is gone", {{"city", id}, {"objects", removed}, {"by", s.who().name}});
  return removed;
}

}  // namespace dos::demo
