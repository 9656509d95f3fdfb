#include "capability/devices/device_register.h"

#include <algorithm>
#include <cmath>

#include "base/fault.h"
#include "base/text.h"
#include "base/text_cut.h"

namespace dos::devices {
namespace {

constexpr std::size_t calibrations_max = 200;
constexpr std::size_t mounts_max = 1'000;
constexpr std::size_t variables_bytes_max = 4 << 10;

std::string get_text(json::value const& body, std::string_view member, std::size_t bytes_max = 200) {
  auto const* found = body.find(member);
  require(found && found->is_string(), fault_kind::invalid, std::string(member) + " is a text", member);
  auto const text = text::trim(found->as_string());
  require(text.size() <= bytes_max, fault_kind::invalid, std::string(member) + " is too long", member);
  return std::string(text);
}

double number_or(json::value const& body, std::string_view member, double otherwise) {
  auto const* found = body.find(member);
  if (!found || found->is_null()) return otherwise;
  require(found->is_number() && std::isfinite(found->as_double()), fault_kind::invalid,
          std::string(member) + " is a number", member);
  return found->as_double();
}

device_calibration read_calibration(json::value const& entry, edit const& e) {
  require(entry.is_object(), fault_kind::invalid, "a calibration is an object {date, note, attribute, factor, offset}",
          "calibration");
  require_known_members(entry, "a calibration", {"date", "note", "attribute", "factor", "offset", "by", "at"});
  auto c = device_calibration();
  c.date = read_time(entry, "date", no_time);
  require(c.date != no_time, fault_kind::invalid, "a calibration has a date", "calibration.date");
  c.attribute = entry.text_or("attribute", "");
  c.factor = number_or(entry, "factor", 1);
  c.offset = number_or(entry, "offset", 0);
  require(c.factor != 0, fault_kind::invalid, "a factor of 0 would make every value the same", "calibration.factor");
  require(!c.attribute.empty() || (c.factor == 1 && c.offset == 0), fault_kind::invalid,
          "say which attribute factor and offset are for", "calibration.attribute");
  c.note = entry.text_or("note", "");
  c.by = e.by;
  c.at = e.at;
  return c;
}

bool same_correction(device_calibration const& a, device_calibration const& b) {
  return a.date == b.date && a.attribute == b.attribute && a.factor == b.factor && a.offset == b.offset &&
         a.note == b.note;
}

// Entries that stay keep who entered them and when; those that go are kept aside.
void replace_calibrations(device& d, json::value const& list, edit const& e) {
  require(list.is_array() && list.as_array().size() <= calibrations_max, fault_kind::invalid,
          "calibration is a list of at most 200 entries", "calibration");
  auto now = std::vector<device_calibration>();
  for (auto const& entry : list.as_array()) {
    auto c = read_calibration(entry, e);
    auto const known = std::find_if(d.calibrations.begin(), d.calibrations.end(),
                                    [&](auto const& before) { return same_correction(before, c); });
    now.push_back(known == d.calibrations.end() ? c : *known);
  }
  for (auto const& before : d.calibrations) {
    auto const stays = std::any_of(now.begin(), now.end(), [&](auto const& c) { return same_correction(before, c); });
    if (!stays) d.calibrations_removed.push_back(before);
  }
  if (d.calibrations_removed.size() > calibrations_max) {
    auto const surplus = std::ptrdiff_t(d.calibrations_removed.size() - calibrations_max);
    d.calibrations_removed.erase(d.calibrations_removed.begin(), d.calibrations_removed.begin() + surplus);
  }
  std::stable_sort(now.begin(), now.end(), [](auto const& a, auto const& b) { return a.date < b.date; });
  d.calibrations = std::move(now);
}

void end_mounts(device& d, timestamp at) {
  std::erase_if(d.mounts, [&](device_mount const& m) { return m.from >= at; });
  for (auto& m : d.mounts) {
    if (m.to == no_time || m.to > at) m.to = at;
  }
}

// What is mounted is expected to measure.
void begin_work(device& d) {
  if (d.state == device_state::planned) d.state = device_state::active;
}

void change_state(device& d, device_state to, edit const& e) {
  require(may_change(d.state, to), fault_kind::conflict,
          "a device that is " + std::string(to_text(d.state)) + " can't become " + std::string(to_text(to)), "state");
  d.state = to;
  if (to == device_state::replaced || to == device_state::retired) end_mounts(d, e.at);
}

void replace_mounts(device& d, json::value const& list) {
  require(list.is_array() && list.as_array().size() <= mounts_max, fault_kind::invalid, "mounts is a list", "mounts");
  auto now = std::vector<device_mount>();
  for (auto const& entry : list.as_array()) {
    auto m = device_mount{.measuring_point = get_text(entry, "measuringPoint", 2'000),
                          .from = read_time(entry, "from", no_time),
                          .to = read_time(entry, "to", no_time)};
    require(m.from != no_time, fault_kind::invalid, "a mount has a time from which it holds", "mounts.from");
    require(m.to == no_time || m.from < m.to, fault_kind::invalid, "a mount ends after it begins", "mounts.to");
    now.push_back(std::move(m));
  }
  std::sort(now.begin(), now.end(), [](auto const& a, auto const& b) { return a.from < b.from; });
  for (auto i = std::size_t(1); i < now.size(); ++i) {
    require(now[i - 1].to != no_time && now[i - 1].to <= now[i].from, fault_kind::conflict,
            "a device is mounted at one place at a time: these mounts overlap", "mounts");
  }
  d.mounts = std::move(now);
}

std::string read_eui(json::value const& body, std::string_view member) {
  auto const given = get_text(body, member);
  auto const eui = parse_eui(given);
  require(eui.has_value(), fault_kind::invalid,
          std::string(member) + " has 16 hexadecimal digits, not \"" + std::string(text::cut(given, 40)) + "\"",
          member);
  return *eui;
}

std::string read_id(json::value const& body) {
  auto const* name = body.find("deviceId");
  if (!name || name->is_null()) return read_eui(body, "devEui");
  require(!body.find("devEui"), fault_kind::invalid, "a device goes by its DevEUI or by another name, not by both",
          "deviceId");
  auto const given = get_text(body, "deviceId");
  auto const id = parse_device_id(given);
  require(id && !parse_eui(given), fault_kind::invalid,
          "deviceId is what the network server calls a device without DevEUI: 3 to 36 lower-case letters, digits and "
          "single -, not \"" + std::string(text::cut(given, 40)) + "\"",
          "deviceId");
  return *id;
}

void take_members(device& d, json::value const& body, edit const& e) {
  for (auto const& [member, value] : body.as_object()) {
    if (member == "name") {
      d.name = get_text(body, "name");
      require(!d.name.empty(), fault_kind::invalid, "a device has a name", "name");
    } else if (member == "profile") {
      d.profile = get_text(body, "profile");
    } else if (member == "source") {
      d.source = value.is_null() ? "" : get_text(body, "source");
    } else if (member == "joinEui") {
      d.join_eui = value.is_null() || (value.is_string() && value.as_string().empty()) ? "" : read_eui(body, "joinEui");
    } else if (member == "provenance") {
      auto const p = parse_provenance(get_text(body, "provenance"));
      require(p.has_value(), fault_kind::invalid, "provenance is measured, recorded, simulated, forecast or entered",
              "provenance");
      d.provenance = *p;
    } else if (member == "variables") {
      require(value.is_object() && json::to_string(value).size() <= variables_bytes_max, fault_kind::invalid,
              "variables is an object of at most 4 KiB", "variables");
      d.variables = value;
    } else if (member == "calibration") {
      replace_calibrations(d, value, e);
    } else if (member == "mounts") {
      replace_mounts(d, value);
    }
  }
}

}  // namespace

void require_calibratable(device const& d, device_profile const& p, timestamp entered_at) {
  for (auto const& c : d.calibrations) {
    if (c.at != entered_at || c.attribute.empty()) continue;
    auto names = std::string();
    auto fits = false;
    for (auto const& rule : p.attributes) {
      if (rule.kind != attribute_kind::property || !rule.values.is_null()) continue;
      fits = fits || rule.attribute == c.attribute;
      names += (names.empty() ? "" : ", ") + rule.attribute;
    }
    require(fits, fault_kind::invalid,
            "the profile " + p.id + " gives no number \"" + std::string(text::cut(c.attribute, 40)) +
                "\" to correct; it gives " + (names.empty() ? "none" : names),
            "calibration.attribute");
  }
}

timestamp read_time(json::value const& body, std::string_view member, timestamp otherwise) {
  auto const* found = body.find(member);
  if (!found || found->is_null()) return otherwise;
  auto const text = found->is_string() ? found->as_string() : std::string_view();
  auto t = parse_timestamp(text);
  if (!t && text.size() == 10) t = parse_timestamp(std::string(text) + "T00:00:00Z");
  require(
      t.has_value(), fault_kind::invalid,
      std::string(member) + " is a time such as 2026-11-21T08:30:00Z, not \"" + std::string(text::cut(text, 40)) + "\"",
      member);
  return *t;
}

device read_new_device(json::value const& body, edit const& e) {
  require(body.is_object(), fault_kind::invalid, "a device is an object {devEui or deviceId, name, profile}");
  require_known_members(body, "a new device",
                        {"devEui", "deviceId", "name", "profile", "state", "source", "joinEui", "provenance",
                         "variables", "calibration", "mounts", "measuringPoint", "measuringPointNew", "from", "to"});
  auto d = device();
  d.id = read_id(body);
  d.name = d.id;
  d.created_at = e.at;
  require(body.find("profile") != nullptr, fault_kind::invalid, "say which kind of device it is", "profile");
  take_members(d, body, e);
  d.state = parse_device_state(body.text_or("state", d.mounts.empty() ? "planned" : "active"));
  return d;
}

void change_device(device& d, json::value const& patch, edit const& e) {
  require(patch.is_object(), fault_kind::invalid, "a change is an object with the members to be changed");
  require_known_members(
      patch, "a device that is changed",
      {"name", "profile", "state", "source", "joinEui", "provenance", "variables", "calibration", "mounts", "devEui",
       "deviceId"});
  for (auto const member : {"devEui", "deviceId"}) {
    auto const* id = patch.find(member);
    require(!id || (id->is_string() && parse_device_id(id->as_string()) == d.id), fault_kind::conflict,
            "a device keeps its DevEUI or name: enter another device", member);
  }
  take_members(d, patch, e);
  if (patch.find("state")) {
    change_state(d, parse_device_state(patch.text_or("state", "")), e);
  } else if (patch.find("mounts") && !d.mounts.empty()) {
    begin_work(d);
  }
}

//      open mount   |------------------------→
//      new one              |-----------------→
//      becomes      |------||-----------------→
void mount_device(device& d, device_mount m) {
  require(m.to == no_time || m.from < m.to, fault_kind::invalid, "a mount ends after it begins", "to");
  require(d.mounts.size() < mounts_max, fault_kind::conflict, "a device has at most 1,000 mounts");
  if (!d.mounts.empty()) {
    auto& last = d.mounts.back();
    if (last.to == no_time && last.from < m.from) last.to = m.from;
    auto const begins_earlier = last.to == no_time && m.to == no_time && m.from <= last.from;
    if (begins_earlier && last.measuring_point == m.measuring_point) d.mounts.pop_back();
  }
  for (auto const& other : d.mounts) {
    auto const apart = (other.to != no_time && other.to <= m.from) || (m.to != no_time && m.to <= other.from);
    require(apart, fault_kind::conflict,
            "from " + to_string(other.from) + " on the device is mounted at " + other.measuring_point, "from");
  }
  d.mounts.push_back(std::move(m));
  begin_work(d);
  std::sort(d.mounts.begin(), d.mounts.end(), [](auto const& a, auto const& b) { return a.from < b.from; });
}

std::string slug_of(std::string_view name) {
  auto slug = std::string();
  for (auto const c : text::folded(name)) {
    auto const plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain)
      slug += c;
    else if (!slug.empty() && slug.back() != '-')
      slug += '-';
  }
  while (slug.ends_with('-')) slug.pop_back();
  return slug.empty() ? "x" : slug.substr(0, 80);
}

}  // namespace dos::devices
