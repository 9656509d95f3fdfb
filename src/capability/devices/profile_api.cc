#include "capability/devices/profile_api.h"

#include "base/fault.h"
#include "base/text.h"
#include "contract/list.h"
#include "contract/rights.h"
#include "devices/payload_mapping.h"
#include "engine/script/codec.h"

namespace dos::devices {
namespace {

constexpr std::size_t profiles_max = 1'000;
constexpr std::size_t trial_bytes_max = 1'024;

profile_ptr get_known_profile(session const& s, tools const& with, std::string_view id) {
  auto p = with->profiles.find(s, id);
  require(p != nullptr, fault_kind::not_found, "there is no device profile " + std::string(id));
  return p;
}

std::string read_bytes(json::value const& body) {
  auto bytes = std::optional<std::string>();
  if (auto const hex = body.text_or("bytes", ""); !hex.empty()) {
    auto digits = std::string(hex);
    std::erase_if(digits, [](char c) { return c == ' ' || c == '-' || c == ':'; });
    bytes = text::from_hex(digits);
    require(bytes.has_value(), fault_kind::invalid, "bytes are hexadecimal digits, two for each byte", "bytes");
  } else {
    bytes = text::from_base64(body.text_or("payload", ""));
    require(bytes && !bytes->empty(), fault_kind::invalid, "give the payload as bytes (hex) or payload (base64)",
            "bytes");
  }
  require(bytes->size() <= trial_bytes_max, fault_kind::too_large, "a payload has at most 1,024 bytes", "bytes");
  return std::move(*bytes);
}

// The profile as it would be with what the body says.
device_profile read_trial(session const& s, tools const& with, std::string_view id, json::value const& body) {
  auto const* fresh = body.find("profile");
  auto p = fresh && fresh->is_object() ? read_device_profile(*fresh) : *get_known_profile(s, with, id);
  if (auto const* codec = body.find("codec"); codec && codec->is_string()) p.codec = codec->as_string();
  return p;
}

template <typename T>
json::array list_of(std::vector<T> const& texts) {
  auto list = json::array();
  for (auto const& t : texts) list.push_back(json::value(t));
  return list;
}

json::array shown_values(std::vector<mapped_value> const& values) {
  auto list = json::array();
  for (auto const& v : values) {
    auto o = json::object{{"attribute", v.rule->attribute}, {"value", v.value}};
    if (!v.rule->unit.empty()) o.push("unit", v.rule->unit);
    o.push("target", v.rule->where == attribute_rule::target::device ? "device" : "measuring_point");
    if (v.entry > 0) o.push("observedAt", to_string(v.at));
    list.push_back(std::move(o));
  }
  return list;
}

// What staff see is what an uplink would have come to.
json::object try_out(device_profile const& p, json::value const& body, timestamp now) {
  auto const* variables = body.find("variables");
  auto const* port = body.find("fPort");
  auto const frame =
      script::frame{.bytes = read_bytes(body),
                    .f_port = port && port->is_int() ? int(port->as_int())
                              : p.f_ports.empty()    ? 1
                                                     : p.f_ports.front(),
                    .received = now,
                    .variables = variables && variables->is_object() ? *variables : json::value(json::object())};
  auto told = json::object{{"ok", false}};
  auto reason = "codec_failed";
  try {
    require(!p.codec.empty(), fault_kind::invalid, "the profile has no codec");
    if (!p.speaks_on(frame.f_port)) {
      reason = "other_port";
      throw fault(fault_kind::invalid, "the profile has no measurements on port " + std::to_string(frame.f_port));
    }
    auto const decoded = script::codec(p.codec).decode_uplink(frame);
    told.push("data", decoded.data);
    told.push("warnings", list_of(decoded.warnings));
    told.push("errors", list_of(decoded.errors));
    told.push("log", list_of(decoded.log));
    reason = "payload_rejected";
    require(decoded.errors.empty(), fault_kind::invalid, "the codec reports errors");
    auto const mapped = map_payload(p, decoded.data, device(), {.at = now, .latest = now});
    told.push("attributes", shown_values(mapped.values));
    auto problems = json::array();
    for (auto const& problem : mapped.problems) problems.push_back(problem.detail);
    if (!problems.empty()) told.push("problems", std::move(problems));
    told["ok"] = true;
  } catch (fault const& f) {
    told.push("reason", reason);
    told.push("detail", f.detail);
  }
  return told;
}

}  // namespace

void list_profiles::operator()(session s, http::request r, http::reply answer) const {
  auto items = json::array();
  for (auto const& p : with_->profiles.all(s)) items.push_back(to_json(*p));
  answer(list_response(std::move(items), read_list_page(r, list_items_max)));
}

void get_one_profile::operator()(session s, http::request r, http::reply answer) const {
  auto const p = get_known_profile(s, with_, r.param("id"));
  auto o = to_json(*p);
  o.as_object().push("codec", p->codec);
  answer(http::json(200, json::to_string(o)));
}

void save_profile::operator()(session s, http::request r, http::reply answer) const {
  auto body = parse_body(r);
  require(body.is_object(), fault_kind::invalid, "a device profile is an object");
  auto const replaces = r.method == "PUT";
  if (replaces) body.as_object()["id"] = r.param("id");
  auto const p = read_device_profile(body);
  if (!p.codec.empty()) script::codec(p.codec);  // throws for staff: line and column
  require(replaces || s.record_count(device_profile_collection) < profiles_max, fault_kind::conflict,
          "a city has at most 1,000 device profiles of its own");
  auto const told = json::to_string(to_json(p));
  submit_and_reply(
      s,
      [body, id = p.id, replaces](transaction& t) {
        auto const exists = t.find_record(device_profile_collection, id) != nullptr;
        require(replaces || !exists, fault_kind::conflict, "there is a device profile " + id, "id");
        t.put_record(device_profile_collection, id, body);
      },
      std::move(answer),
      [told, id = p.id, replaces](outcome const&) {
        return replaces ? http::json(200, told) : http::created("device-profiles/" + id, told);
      });
}

void delete_profile::operator()(session s, http::request r, http::reply answer) const {
  auto const id = std::string(r.param("id"));
  require(s.find_record(device_profile_collection, id) || !with_->profiles.is_built_in(s, id), fault_kind::conflict,
          "a built-in profile stays");
  auto used_by = std::string();
  s.for_each_record(device_collection, "", [&](std::string_view eui, record_ptr const& record) {
    if (record->text_or("profile", "") == id) used_by = eui;
    return used_by.empty();
  });
  require(used_by.empty() || with_->profiles.is_built_in(s, id), fault_kind::conflict,
          "device " + used_by + " and perhaps others have this profile");
  submit_and_reply(
      s,
      [id](transaction& t) {
        require(t.find_record(device_profile_collection, id) != nullptr, fault_kind::not_found,
                "there is no device profile " + id);
        t.erase_record(device_profile_collection, id);
      },
      std::move(answer), [](outcome const&) { return http::no_content(); });
}

void try_profile::operator()(session s, http::request r, http::reply answer) const {
  auto const body = parse_body(r);
  auto const p = read_trial(s, with_, r.param("id"), body);
  answer(http::json(200, json::to_string(try_out(p, body, with_->clock.now()))));
}

}  // namespace dos::devices
