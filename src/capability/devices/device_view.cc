#include "capability/devices/device_view.h"

#include <map>

#include "devices/radio_state.h"
#include "kernel/history/history.h"

namespace dos::devices {
namespace {

constexpr std::size_t history_max = 100;

json::object health_of(radio_state const& state) {
  auto o = json::object();
  if (state.last_seen != no_time) o.push("lastSeen", to_string(state.last_seen));
  auto const number = [&](char const* member, std::optional<double> const& value) {
    if (value) o.push(member, *value);
  };
  number("battery", state.battery_percent);
  number("rssi", state.rssi);
  number("snr", state.snr);
  number("margin", state.margin_db);
  if (state.spreading_factor) o.push("spreadingFactor", *state.spreading_factor);
  if (state.external_power) o.push("externalPower", *state.external_power);
  o.push("gateways", state.gateways);
  o.push("frames", json::object{{"received", state.received}, {"missed", state.missed}, {"repeated", state.repeated}});
  o.push("joins", state.joins);
  if (state.f_cnt_last) o.push("fCnt", *state.f_cnt_last);
  if (!state.last_notice.is_null()) o.push("lastNotice", state.last_notice);
  return o;
}

// Twice the interval without a word.
bool is_stale(device const& d, device_profile const* p, radio_state const& state, timestamp now) {
  if (d.state != device_state::active || !p || !p->interval_s) return false;
  auto const since = state.last_seen != no_time ? state.last_seen : d.created_at;
  return since != no_time && double(now - since) > 2 * *p->interval_s * us_per_second;
}

}  // namespace

json::object show_device(session const& s, device const& d, device_profile const* p, timestamp now) {
  auto const record = s.find_record(radio_state_collection, d.id);
  auto const state = record ? read_radio_state(*record) : radio_state();
  auto o = json::object{{"id", d.id}, {"entity", device_entity_id(d.id)}};
  auto const stored = to_json(d);
  for (auto const& m : stored.as_object()) o.push(m.key, m.value);
  o.push("health", health_of(state));
  if (record) {
    if (auto const* recent = record->find("recent")) o.push("uplinks", *recent);
  }
  o.push("stale", is_stale(d, p, state, now));
  return o;
}

json::array show_health_history(session const& s, std::string_view device, terms const& words) {
  auto const id = device_entity_id(device);
  auto rows = std::map<std::int64_t, json::object>();
  auto const read = [&](std::string_view term, char const* member, double factor) {
    auto const name = symbol::find(words.iri(term));
    for (auto const& series : s.series_of(id)) {
      if (!name || series.attribute != name) continue;
      auto query = range_query();
      query.limit = history_max;
      query.descending = true;
      for (auto const& o : s.history().range(series.series, query)) {
        if (!o.value.is_number()) continue;
        auto& row = rows[o.time.us];
        if (row.empty()) row.push("time", to_string(o.time));
        if (!row.find(member)) row.push(member, o.value.as_double() * factor);
      }
    }
  };
  read("rssi", "rssi", 1);
  read("snr", "snr", 1);
  read("batteryLevel", "battery", 100);
  auto list = json::array();
  for (auto& [time, row] : rows) list.push_back(std::move(row));
  return list;
}

}  // namespace dos::devices
