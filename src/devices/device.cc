#include "devices/device.h"

#include <algorithm>
#include <array>

#include "base/fault.h"
#include "base/text.h"
#include "base/text_cut.h"

namespace dos {
namespace {

constexpr auto device_states =
    std::array<std::string_view, 5>{"planned", "active", "maintenance", "replaced", "retired"};

timestamp stored_time(json::value const& record, std::string_view member) {
  return parse_timestamp(record.text_or(member, "")).value_or(no_time);
}

double stored_number(json::value const& record, std::string_view member, double otherwise) {
  auto const* found = record.find(member);
  return found && found->is_number() ? found->as_double() : otherwise;
}

template <typename Read>
auto read_list(json::value const& record, std::string_view member, Read const& read) {
  auto list = std::vector<decltype(read(record))>();
  if (auto const* found = record.find(member); found && found->is_array()) {
    for (auto const& element : found->as_array()) list.push_back(read(element));
  }
  return list;
}

device_mount read_mount(json::value const& m) {
  return {.measuring_point = std::string(m.text_or("measuringPoint", "")),
          .from = stored_time(m, "from"),
          .to = stored_time(m, "to")};
}

device_calibration read_calibration(json::value const& c) {
  return {.date = stored_time(c, "date"),
          .attribute = std::string(c.text_or("attribute", "")),
          .factor = stored_number(c, "factor", 1),
          .offset = stored_number(c, "offset", 0),
          .note = std::string(c.text_or("note", "")),
          .by = std::string(c.text_or("by", "")),
          .at = stored_time(c, "at")};
}

template <typename T>
json::value list_of(std::vector<T> const& elements) {
  auto list = json::array();
  for (auto const& e : elements) list.push_back(to_json(e));
  return list;
}

}  // namespace

std::string_view to_text(device_state s) { return device_states[std::size_t(s)]; }

device_state parse_device_state(std::string_view text) {
  auto const found = std::find(device_states.begin(), device_states.end(), text);
  require(
      found != device_states.end(), fault_kind::invalid,
      "a device is planned, active, maintenance, replaced or retired, not \"" + std::string(text::cut(text, 40)) + "\"",
      "state");
  return device_state(found - device_states.begin());
}

bool may_change(device_state from, device_state to) {
  using enum device_state;
  if (from == to) return true;
  switch (from) {
    case planned:
      return to == active || to == retired;
    case active:
      return to == maintenance || to == replaced || to == retired;
    case maintenance:
      return to == active || to == replaced || to == retired;
    case replaced:
      return to == planned || to == retired;
    case retired:
      return false;
  }
  return false;
}

device_mount const* device::mount_at(timestamp t) const {
  auto const found = std::find_if(mounts.begin(), mounts.end(), [&](device_mount const& m) { return m.holds_at(t); });
  return found == mounts.end() ? nullptr : &*found;
}

device_calibration const* device::calibration_at(std::string_view attribute, timestamp t) const {
  auto const* latest = static_cast<device_calibration const*>(nullptr);
  for (auto const& c : calibrations) {
    if (c.attribute == attribute && c.date <= t && (!latest || latest->date <= c.date)) latest = &c;
  }
  return latest;
}

json::value to_json(device_mount const& m) {
  auto o = json::object{{"measuringPoint", m.measuring_point}, {"from", to_string(m.from)}};
  if (m.to != no_time) o.push("to", to_string(m.to));
  return o;
}

json::value to_json(device_calibration const& c) {
  auto o = json::object{{"date", to_string(c.date)}};
  if (!c.note.empty()) o.push("note", c.note);
  if (!c.attribute.empty()) {
    o.push("attribute", c.attribute);
    o.push("factor", c.factor);
    o.push("offset", c.offset);
  }
  if (!c.by.empty()) o.push("by", c.by);
  if (c.at != no_time) o.push("at", to_string(c.at));
  return o;
}

json::value to_json(device const& d) {
  auto o = json::object{
      {std::string(id_member(d.id)), d.id}, {"name", d.name}, {"profile", d.profile}, {"state", to_text(d.state)}};
  if (!d.source.empty()) o.push("source", d.source);
  if (!d.join_eui.empty()) o.push("joinEui", d.join_eui);
  o.push("provenance", to_text(d.provenance));
  if (d.variables.is_object() && !d.variables.as_object().empty()) o.push("variables", d.variables);
  o.push("mounts", list_of(d.mounts));
  o.push("calibration", list_of(d.calibrations));
  if (!d.calibrations_removed.empty()) o.push("calibrationRemoved", list_of(d.calibrations_removed));
  if (d.created_at != no_time) o.push("createdAt", to_string(d.created_at));
  return o;
}

device read_device(json::value const& r) {
  auto const* variables = r.find("variables");
  return {.id = std::string(r.text_or("devEui", r.text_or("deviceId", ""))),
          .name = std::string(r.text_or("name", "")),
          .profile = std::string(r.text_or("profile", "")),
          .state = parse_device_state(r.text_or("state", "planned")),
          .source = std::string(r.text_or("source", "")),
          .join_eui = std::string(r.text_or("joinEui", "")),
          .provenance = parse_provenance(r.text_or("provenance", "")).value_or(provenance::measured),
          .variables = variables && variables->is_object() ? *variables : json::value(json::object()),
          .mounts = read_list(r, "mounts", read_mount),
          .calibrations = read_list(r, "calibration", read_calibration),
          .calibrations_removed = read_list(r, "calibrationRemoved", read_calibration),
          .created_at = stored_time(r, "createdAt")};
}

std::string device_entity_id(std::string_view id) { return "urn:ngsi-ld:Device:" + std::string(id); }

std::optional<std::string> parse_eui(std::string_view text) {
  auto digits = text::lower(text);
  std::erase_if(digits, [](char c) { return c == '-' || c == ':' || c == ' '; });
  if (digits.size() != 16 || !text::from_hex(digits)) return std::nullopt;
  return digits;
}

std::optional<std::string> parse_device_id(std::string_view text) {
  if (auto eui = parse_eui(text)) return eui;
  auto const is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  auto const fits = text.size() >= 3 && text.size() <= 36 && std::all_of(text.begin(), text.end(), is_plain) &&
                    text.front() != '-' && text.back() != '-' && text.find("--") == text.npos;
  return fits ? std::optional(std::string(text)) : std::nullopt;
}

std::string_view id_member(std::string_view id) { return parse_eui(id) ? "devEui" : "deviceId"; }

std::string device_id_in_path(std::string_view given) {
  if (given.starts_with("urn:ngsi-ld:Device:")) given.remove_prefix(19);
  auto id = parse_device_id(given);
  require(id.has_value(), fault_kind::not_found, "there is no device " + std::string(given));
  return std::move(*id);
}

void require_known_members(json::value const& body, std::string const& what,
                           std::initializer_list<std::string_view> known) {
  for (auto const& m : body.as_object()) {
    if (std::find(known.begin(), known.end(), m.key) != known.end()) continue;
    auto names = std::string();
    for (auto const name : known) names += (names.empty() ? "" : ", ") + std::string(name);
    throw fault(fault_kind::invalid,
                what + " has no member \"" + std::string(text::cut(m.key, 40)) + "\"; it has " + names, m.key);
  }
}

}  // namespace dos
