#include "devices/device_profile.h"

#include <algorithm>

#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"
#include "base/text_cut.h"
#include "base/yaml.h"
#include "kernel/city/city.h"

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

std::vector<int> read_ports(json::value const& d) {
  auto const* found = d.find("f_port");
  if (!found || found->is_null()) return {};
  auto const list = found->is_array() ? found->as_array() : json::array{*found};
  auto ports = std::vector<int>();
  for (auto const& port : list) {
    require(port.is_int() && port.as_int() >= 1 && port.as_int() <= 255, fault_kind::invalid,
            "f_port is a list of ports from 1 to 255", "f_port");
    ports.push_back(int(port.as_int()));
  }
  return ports;
}

std::optional<history_rule> read_history(json::value const& d, unknown_members u) {
  auto const* found = d.find("history");
  if (!found || found->is_null()) return std::nullopt;
  require(found->is_object(), fault_kind::invalid, "history is {from: path to a list, time: path within an entry}",
          "history");
  if (u == unknown_members::refused) require_known_members(*found, "history", {"from", "time"});
  return history_rule{.from = get_text(*found, "from", "where the list stands in the decoded data"),
                      .time = get_text(*found, "time", "where an entry has its time")};
}

attribute_rule read_rule(json::value const& r, unknown_members u) {
  require(r.is_object(), fault_kind::invalid, "each attribute is an object {attribute, from, unit, type}",
          "attributes");
  // What to_json() adds for the pages is known as well: what was read may be sent back.
  if (u == unknown_members::refused) {
    require_known_members(r, "a rule",
                  {"attribute", "from", "unit", "type", "values", "scale", "offset", "target", "name", "unitCode"});
  }
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

constexpr auto description_ending = std::string_view("/device.yaml");

std::map<std::string, profile_ptr, std::less<>> read_profiles(package_files const& files) {
  auto found = std::map<std::string, profile_ptr, std::less<>>();
  for (auto const& f : files) {
    if (!f.path.starts_with("devices/") || !f.path.ends_with(description_ending)) continue;
    auto const codec = f.path.substr(0, f.path.size() - description_ending.size()) + "/codec.js";
    auto const beside = std::find_if(files.begin(), files.end(), [&](package_file const& o) { return o.package == f.package && o.path == codec; });
    try {
      auto p = read_device_profile(parse_yaml(f.text));
      if (beside != files.end()) p.codec = beside->text;
      p.built_in = true;
      found.emplace(p.id, std::make_shared<device_profile const>(p));
    } catch (fault const& wrong) {
      log::warning("a device profile cannot be read", {{"package", f.package}, {"file", f.path}, {"why", wrong.detail}});
    }
  }
  return found;
}

}  // namespace

bool device_profile::speaks_on(int f_port) const {
  return f_ports.empty() || std::find(f_ports.begin(), f_ports.end(), f_port) != f_ports.end();
}

device_profile read_device_profile(json::value const& d, unknown_members u) {
  require(d.is_object(), fault_kind::invalid, "a device profile is an object");
  if (u == unknown_members::refused) {
    require_known_members(d, "a device profile",
                  {"id", "name", "vendor", "model", "kind", "interval_s", "f_port", "entity", "attributes", "history",
                   "codec", "builtIn", "hasCodec"});
  }
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
  p.f_ports = read_ports(d);
  p.history = read_history(d, u);
  auto const* entity = d.find("entity");
  if (entity && entity->is_object() && u == unknown_members::refused) require_known_members(*entity, "entity", {"type"});
  p.entity_type = entity ? get_text(*entity, "type", "the type of the measuring point")
                         : get_text(d, "entity", "{type: …} of the measuring point");
  auto const* rules = d.find("attributes");
  require(rules && rules->is_array() && !rules->as_array().empty() && rules->as_array().size() <= rules_max,
          fault_kind::invalid, "attributes is a list of 1 to 100 rules {attribute, from, unit}", "attributes");
  for (auto const& r : rules->as_array()) p.attributes.push_back(read_rule(r, u));
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
  if (!p.f_ports.empty()) {
    auto ports = json::array();
    for (auto const port : p.f_ports) ports.push_back(port);
    o.push("f_port", std::move(ports));
  }
  if (p.history) o.push("history", json::object{{"from", p.history->from}, {"time", p.history->time}});
  o.push("entity", json::object{{"type", p.entity_type}});
  o.push("attributes", std::move(rules));
  o.push("builtIn", p.built_in);
  o.push("hasCodec", !p.codec.empty());
  return o;
}

std::shared_ptr<device_profiles::by_id const> device_profiles::of_packages(std::string const& city) const {
  auto files = node_.files_of_packages(city);
  auto const lock = std::lock_guard(mutex_);
  auto& known = of_packages_[city];
  if (known.profiles && known.files == files) return known.profiles;
  known.profiles = std::make_shared<by_id const>(read_profiles(*files));
  known.files = std::move(files);
  return known.profiles;
}

profile_ptr device_profiles::read(std::string const& city, std::string const& id, record_ptr const& record) const {
  auto const lock = std::lock_guard(mutex_);
  auto& known = read_[{city, id}];
  if (known.record != record) {
    auto const stored = read_device_profile(*record, unknown_members::ignored);
    known = {record, std::make_shared<device_profile const>(stored)};
  }
  return known.profile;
}

profile_ptr device_profiles::find(session const& s, std::string_view id) const {
  if (auto const record = s.find_record(device_profile_collection, id))
    return read(s.city().id(), std::string(id), record);
  auto const all = of_packages(s.city().id());
  auto const found = all->find(id);
  return found == all->end() ? nullptr : found->second;
}

bool device_profiles::is_built_in(session const& s, std::string_view id) const { return of_packages(s.city().id())->contains(id); }

std::vector<profile_ptr> device_profiles::all(session const& s) const {
  auto merged = *of_packages(s.city().id());
  s.for_each_record(device_profile_collection, "", [&](std::string_view id, record_ptr const& record) {
    merged[std::string(id)] = read(s.city().id(), std::string(id), record);
    return true;
  });
  auto list = std::vector<profile_ptr>();
  for (auto const& [id, p] : merged) list.push_back(p);
  return list;
}

}  // namespace dos
