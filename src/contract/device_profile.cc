#include "contract/device_profile.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/fault.h"
#include "base/text.h"
#include "base/text_cut.h"
#include "base/yaml.h"
#include "kernel/session/city.h"

namespace dos {
namespace {

constexpr std::size_t rules_max = 100;
constexpr std::size_t codec_bytes_max = 512 << 10;

std::optional<double> number_in(json::value const& o, std::string_view member) {
  auto const* found = o.find(member);
  if (!found || found->is_null()) return std::nullopt;
  require(found->is_number(), fault_kind::invalid, std::string(member) + " is a number", member);
  return found->as_double();
}

std::string get_text(json::value const& o, std::string_view member, std::string_view what) {
  auto const text = o.text_or(member, "");
  require(!text.empty() && text.size() <= 256, fault_kind::invalid,
          std::string(member) + " is missing: " + std::string(what), member);
  return std::string(text);
}

attribute_kind parse_kind(std::string_view text) {
  if (text.empty() || text == "Property") return attribute_kind::property;
  if (text == "GeoProperty") return attribute_kind::geo_property;
  if (text == "Relationship") return attribute_kind::relationship;
  if (text == "JsonProperty") return attribute_kind::json_property;
  if (text == "ListProperty") return attribute_kind::list_property;
  if (text == "VocabProperty") return attribute_kind::vocab_property;
  throw fault(fault_kind::invalid, "\"" + std::string(text) + "\" is no type of attribute: Property, GeoProperty, …",
              "attributes.type");
}

std::string_view kind_text(attribute_kind k) {
  switch (k) {
    case attribute_kind::geo_property:
      return "GeoProperty";
    case attribute_kind::relationship:
      return "Relationship";
    case attribute_kind::json_property:
      return "JsonProperty";
    case attribute_kind::list_property:
      return "ListProperty";
    case attribute_kind::vocab_property:
      return "VocabProperty";
    default:
      return "Property";
  }
}

attribute_rule read_rule(json::value const& r) {
  require(r.is_object(), fault_kind::invalid, "each attribute is an object {attribute, from, unit, type}",
          "attributes");
  auto rule = attribute_rule();
  rule.attribute = get_text(r, "attribute", "the name of the attribute that the value becomes");
  rule.from = get_text(r, "from", "where the value stands in the decoded data");
  rule.unit = r.text_or("unit", r.text_or("unitCode", ""));
  rule.kind = parse_kind(r.text_or("type", ""));
  rule.scale = number_in(r, "scale");
  rule.offset = number_in(r, "offset");
  if (auto const* values = r.find("values"); values && !values->is_null()) {
    require(values->is_object(), fault_kind::invalid, "values is an object: decoded value -> value",
            "attributes.values");
    rule.values = *values;
  }
  auto const target = r.text_or("target", "measuring_point");
  require(target == "device" || target == "measuring_point" || target == "entity", fault_kind::invalid,
          "target is measuring_point or device", "attributes.target");
  if (target == "device") rule.where = attribute_rule::target::device;
  return rule;
}

// "Relay_{relay:1}" of a device whose variable `relay` is 2 is "Relay_2", of one without that variable "Relay_1".
std::string with_variables(std::string_view path, json::value const& variables) {
  auto out = std::string();
  for (auto open = path.find('{'); open != path.npos; open = path.find('{')) {
    auto const close = path.find('}', open);
    if (close == path.npos) break;
    auto const inside = path.substr(open + 1, close - open - 1);
    auto const name = inside.substr(0, inside.find(':'));
    auto const* const known = variables.find(name);
    require(known || name.size() < inside.size(), fault_kind::invalid,
            "the profile wants to know \"" + std::string(name) + "\" of this device: set it among its variables",
            "variables");
    out += path.substr(0, open);
    out += !known               ? std::string(inside.substr(name.size() + 1))
           : known->is_string() ? std::string(known->as_string())
                                : json::to_string(*known);
    path.remove_prefix(close + 1);
  }
  return out += path;
}

json::value const* follow(json::value const& data, std::string_view path) {
  if (auto const* whole = data.find(path)) return whole;  // a name may have a point in it
  auto const* at = &data;
  for (auto const step : text::split(path, '.')) {
    if (at->is_array()) {
      auto const i = text::to_int(step);
      if (!i || *i < 0 || std::size_t(*i) >= at->as_array().size()) return nullptr;
      at = &at->as_array()[std::size_t(*i)];
    } else {
      at = at->find(step);
    }
    if (!at) return nullptr;
  }
  return at;
}

std::string shown(json::value const& v) {
  auto const text = json::to_string(v);
  return text.size() <= 60 ? text : std::string(text::cut(text, 57)) + "…";
}

[[noreturn]] void reject(attribute_rule const& rule, std::string const& expected, json::value const& came) {
  throw fault(fault_kind::invalid,
              "\"" + rule.from + "\" is to be " + expected + ", but the payload has " + shown(came), rule.attribute);
}

// 0.1 × 3 is 0.3 to people who read it.
double rounded(double d) {
  char digits[40];
  std::snprintf(digits, sizeof digits, "%.12g", d);
  return std::strtod(digits, nullptr);
}

json::value translated(attribute_rule const& rule, json::value const& raw) {
  auto const key = raw.is_string() ? std::string(raw.as_string()) : json::to_string(raw);
  if (auto const* found = rule.values.find(key)) return *found;
  // JavaScript has one kind of number: 1.0 means 1.
  if (raw.is_number() && raw.as_double() == std::floor(raw.as_double()) && std::abs(raw.as_double()) < 1e15) {
    if (auto const* found = rule.values.find(std::to_string(std::int64_t(raw.as_double())))) return *found;
  }
  reject(rule, "one of " + shown(rule.values), raw);
}

json::value point_of(attribute_rule const& rule, json::value const& raw) {
  if (raw.find("type") && raw.find("coordinates")) return raw;
  auto const coordinate = [&](std::initializer_list<std::string_view> names) -> double {
    for (auto const name : names) {
      if (auto const* found = raw.find(name); found && found->is_number()) return found->as_double();
    }
    reject(rule, "a place with latitude and longitude", raw);
  };
  auto const latitude = coordinate({"latitude", "lat"});
  auto const longitude = coordinate({"longitude", "lon", "lng"});
  if (std::abs(latitude) > 90 || std::abs(longitude) > 180) reject(rule, "a place on earth", raw);
  return json::object{{"type", "Point"}, {"coordinates", json::array{longitude, latitude}}};
}

json::value measured_number(attribute_rule const& rule, json::value const& raw, device_calibration const* correction) {
  auto number = raw;
  if (raw.is_string()) {  // many codecs end in toFixed()
    auto const read = text::to_double(text::trim(raw.as_string()));
    if (!read) reject(rule, "a number", raw);
    number = *read;
  }
  if (!number.is_number()) reject(rule, "a number", raw);
  if (!rule.scale && !rule.offset && !correction) return number;
  auto d = number.as_double() * rule.scale.value_or(1) + rule.offset.value_or(0);
  if (correction) d = d * correction->factor + correction->offset;
  if (!std::isfinite(d)) reject(rule, "a finite number", raw);
  return rounded(d);
}

json::value value_of(attribute_rule const& rule, json::value const& raw, device_calibration const* correction) {
  if (rule.values.is_object()) return translated(rule, raw);
  if (rule.kind == attribute_kind::geo_property) return point_of(rule, raw);
  if (rule.kind == attribute_kind::relationship) {
    if (!raw.is_string() || raw.as_string().find(':') == std::string_view::npos) reject(rule, "a URI", raw);
    return raw;
  }
  auto const is_quantity = !rule.unit.empty() || rule.scale || rule.offset || correction;
  if (is_quantity) return measured_number(rule, raw, correction);
  if (rule.kind == attribute_kind::list_property && !raw.is_array()) reject(rule, "a list", raw);
  return raw;
}

std::string file_text(std::filesystem::path const& path) {
  auto in = std::ifstream(path, std::ios::binary);
  require(in.good(), fault_kind::not_found, path.string() + " cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

device_profile read_device_profile(json::value const& d) {
  require(d.is_object(), fault_kind::invalid, "a device profile is an object");
  auto p = device_profile();
  p.id = get_text(d, "id", "a short name such as milesight-ws302");
  auto const plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  require(std::all_of(p.id.begin(), p.id.end(), plain), fault_kind::invalid,
          "an id has lower-case letters, digits and - _ . only", "id");
  auto const* name = d.find("name");
  p.name = name && (name->is_string() || name->is_object()) ? *name : json::value(p.id);
  p.vendor = d.text_or("vendor", "");
  p.model = d.text_or("model", "");
  p.kind = d.text_or("kind", "");
  p.interval_s = number_in(d, "interval_s");
  require(!p.interval_s || *p.interval_s > 0, fault_kind::invalid, "interval_s is longer than nothing", "interval_s");
  auto const* entity = d.find("entity");
  p.entity_type = entity ? get_text(*entity, "type", "the type of the measuring point")
                         : get_text(d, "entity", "{type: …} of the measuring point");
  auto const* rules = d.find("attributes");
  require(rules && rules->is_array() && !rules->as_array().empty() && rules->as_array().size() <= rules_max,
          fault_kind::invalid, "attributes is a list of 1 to 100 rules {attribute, from, unit}", "attributes");
  for (auto const& r : rules->as_array()) p.attributes.push_back(read_rule(r));
  p.codec = d.text_or("codec", "");
  require(p.codec.size() <= codec_bytes_max, fault_kind::too_large, "a codec has at most 512 KiB", "codec");
  return p;
}

json::value to_json(device_profile const& p) {
  auto rules = json::array();
  for (auto const& rule : p.attributes) {
    auto r = json::object{{"name", rule.attribute}, {"attribute", rule.attribute}, {"from", rule.from}};
    if (!rule.unit.empty()) {
      r.push("unit", rule.unit);
      r.push("unitCode", rule.unit);
    }
    r.push("type", kind_text(rule.kind));
    if (rule.values.is_object()) r.push("values", rule.values);
    if (rule.scale) r.push("scale", *rule.scale);
    if (rule.offset) r.push("offset", *rule.offset);
    if (rule.where == attribute_rule::target::device) r.push("target", "device");
    rules.push_back(std::move(r));
  }
  auto o = json::object{{"id", p.id}, {"name", p.name}};
  for (auto const& [member, text] : {std::pair("vendor", &p.vendor), {"model", &p.model}, {"kind", &p.kind}}) {
    if (!text->empty()) o.push(member, *text);
  }
  if (p.interval_s) o.push("interval_s", *p.interval_s);
  o.push("entity", json::object{{"type", p.entity_type}});
  o.push("attributes", std::move(rules));
  o.push("builtIn", p.built_in);
  o.push("hasCodec", !p.codec.empty());
  return o;
}

std::map<std::string, profile_ptr> load_device_profiles(std::string const& directory) {
  auto found = std::map<std::string, profile_ptr>();
  auto missing = std::error_code();
  for (auto const& folder : std::filesystem::directory_iterator(directory, missing)) {
    auto const description = folder.path() / "device.yaml";
    if (!std::filesystem::exists(description)) continue;
    try {
      auto p = read_device_profile(parse_yaml(file_text(description)));
      if (std::filesystem::exists(folder.path() / "codec.js")) p.codec = file_text(folder.path() / "codec.js");
      p.built_in = true;
      auto const id = p.id;
      require(found.emplace(id, std::make_shared<device_profile const>(std::move(p))).second, fault_kind::invalid,
              "two profiles have the id " + id);
    } catch (fault const& f) {
      throw fault(f.kind, description.string() + ": " + f.detail, f.member);
    }
  }
  return found;
}

profile_ptr device_profiles::read(std::string const& city, std::string const& id, record_ptr const& record) const {
  auto const lock = std::lock_guard(mutex_);
  auto& known = read_[{city, id}];
  if (known.record != record) known = {record, std::make_shared<device_profile const>(read_device_profile(*record))};
  return known.profile;
}

profile_ptr device_profiles::find(session const& s, std::string_view id) const {
  if (auto const record = s.find_record(device_profile_collection, id))
    return read(s.city().id(), std::string(id), record);
  auto const found = built_in_.find(std::string(id));
  return found == built_in_.end() ? nullptr : found->second;
}

std::vector<profile_ptr> device_profiles::all(session const& s) const {
  auto merged = built_in_;
  s.for_each_record(device_profile_collection, "", [&](std::string_view id, record_ptr const& record) {
    merged[std::string(id)] = read(s.city().id(), std::string(id), record);
    return true;
  });
  auto list = std::vector<profile_ptr>();
  for (auto const& [id, p] : merged) list.push_back(p);
  return list;
}

std::vector<mapped_value> map_payload(device_profile const& p, json::value const& decoded, device const& d,
                                      timestamp at) {
  auto mapped = std::vector<mapped_value>();
  for (auto const& rule : p.attributes) {
    auto const* raw = follow(decoded, with_variables(rule.from, d.variables));
    if (!raw || raw->is_null()) continue;
    mapped.push_back({&rule, value_of(rule, *raw, d.calibration_at(rule.attribute, at))});
  }
  require(!mapped.empty(), fault_kind::invalid,
          "none of the values of profile " + p.id + " is in the payload, which has " + shown(decoded));
  return mapped;
}

}  // namespace dos
