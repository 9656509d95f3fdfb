#include "ingest/files/mapping.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/fault.h"

namespace dos::files {
namespace {

constexpr std::array<std::string_view, 4> format_names = {"csv", "geojson", "json", "ndjson"};

// A part of the declaration and its path, for faults that name the member.
class part {
 public:
  part(json::value const& v, std::string path) : value_(v), path_(std::move(path)) {}

  json::value const& value() const { return value_; }

  [[noreturn]] void fail(std::string const& why) const { throw fault(fault_kind::invalid, why, path_); }

  part const& only(std::initializer_list<std::string_view> words) const {
    if (!value_.is_object()) fail("expected an object");
    for (auto const& m : value_.as_object()) {
      if (std::find(words.begin(), words.end(), m.key) != words.end()) continue;
      auto known = std::string();
      for (auto const w : words) known += (known.empty() ? "" : ", ") + std::string(w);
      at(m.key).fail("unknown word \"" + m.key + "\"; known here: " + known);
    }
    return *this;
  }

  bool has(std::string_view key) const { return value_.find(key) != nullptr; }
  part at(std::string_view key) const {
    static auto const nothing = json::value();
    auto const* const found = value_.find(key);
    return {found ? *found : nothing, path_.empty() ? std::string(key) : path_ + '.' + std::string(key)};
  }
  std::vector<part> items() const {
    if (!value_.is_array()) fail("expected a list");
    auto result = std::vector<part>();
    for (auto i = std::size_t(0); i < value_.as_array().size(); ++i) {
      result.push_back({value_.as_array()[i], path_ + '[' + std::to_string(i) + ']'});
    }
    return result;
  }

  std::string text() const {
    if (value_.is_string()) return std::string(value_.as_string());
    if (value_.is_number()) return json::to_string(value_);  // a column may be called 2014
    fail("expected a text");
  }
  std::string text_or(std::string_view key, std::string otherwise) const {
    return has(key) ? at(key).text() : otherwise;
  }
  double number() const {
    if (!value_.is_number()) fail("expected a number");
    return value_.as_double();
  }
  bool boolean_or(std::string_view key, bool otherwise) const {
    if (!has(key)) return otherwise;
    if (!at(key).value_.is_bool()) at(key).fail("expected true or false");
    return at(key).value_.as_bool();
  }
  std::vector<std::string> texts_or_none(std::string_view key) const {
    auto result = std::vector<std::string>();
    if (has(key)) {
      for (auto const& item : at(key).items()) result.push_back(item.text());
    }
    return result;
  }
  // What another parser has to say gets our path.
  template <typename T, typename... Args>
  T made(Args&&... args) const {
    try {
      return T(std::forward<Args>(args)...);
    } catch (fault const& f) {
      fail(f.detail);
    }
  }

 private:
  json::value const& value_;
  std::string path_;
};

char read_character(part const& p, std::string_view key, char otherwise) {
  if (!p.has(key)) return otherwise;
  auto const text = p.at(key).text();
  if (text == "tab") return '\t';
  if (text == "space") return ' ';
  if (text == "auto" || text == "none") return 0;
  if (text.size() != 1) p.at(key).fail("expected one character");
  return text[0];
}

source_rule read_source(part const& p) {
  p.only({"format", "encoding", "separator", "quote", "decimal", "thousands", "records", "header", "ignore_rows", "url",
          "interval_s", "enabled"});
  auto s = source_rule();
  auto const format = p.at("format").text();
  auto const found = std::find(format_names.begin(), format_names.end(), format);
  if (found == format_names.end()) p.at("format").fail("expected csv, geojson, json or ndjson");
  s.format = source_format(found - format_names.begin());
  auto const encoding = p.text_or("encoding", "auto");
  if (encoding != "auto") {
    s.csv.encoding = parse_text_encoding(encoding);
    if (!s.csv.encoding) p.at("encoding").fail("expected auto, utf-8, iso-8859-1, iso-8859-15 or windows-1252");
  }
  s.csv.separator = read_character(p, "separator", 0);
  s.csv.quote = read_character(p, "quote", '"');
  s.numbers.decimal = read_character(p, "decimal", '.');
  s.numbers.thousands = read_character(p, "thousands", 0);
  s.has_header = p.boolean_or("header", true);
  s.ignored_rows = p.texts_or_none("ignore_rows");
  s.records = p.text_or("records", "");
  if (s.records.starts_with("$.")) s.records.erase(0, 2);
  if (s.records == "$") s.records.clear();
  s.url = p.text_or("url", "");
  if (p.has("interval_s")) s.interval_s = std::int64_t(p.at("interval_s").number());
  if (p.has("interval_s") && s.interval_s < 10) p.at("interval_s").fail("expected at least 10 seconds");
  s.is_enabled = p.boolean_or("enabled", false);
  if (s.is_enabled && (s.url.empty() || s.interval_s == 0))
    p.fail("a source that is enabled has an url and an interval_s");
  return s;
}

time_rule read_time(part const& p) {
  auto rule = time_rule();
  if (p.value().is_string()) {
    rule.from = p.text();
    return rule;
  }
  p.only({"from", "format", "ends_period_s"});
  rule.from = p.at("from").text();
  if (p.has("format")) rule.pattern = p.at("format").made<date_pattern>(p.at("format").text());
  if (p.has("ends_period_s")) rule.ends_period_us = std::int64_t(p.at("ends_period_s").number()) * us_per_second;
  return rule;
}

constexpr std::array<std::string_view, 6> type_names = {"", "text", "number", "boolean", "date", "time"};

value_type read_type(part const& p) {
  if (p.boolean_or("number", false)) return value_type::number;
  if (!p.has("as")) return value_type::as_it_is;
  auto const found = std::find(type_names.begin(), type_names.end(), p.at("as").text());
  if (found == type_names.end()) p.at("as").fail("expected text, number, boolean, date or time");
  return value_type(found - type_names.begin());
}

value_rule read_value(part const& p) {
  auto v = value_rule();
  if (p.value().is_string()) {
    v.from = p.text();
    return v;
  }
  auto const sources = p.has("from") + p.has("text") + p.has("value") + p.has("members");
  if (sources != 1) p.fail("expected one of from, text, value and members");
  if (p.has("from")) v.from = p.at("from").text();
  if (p.has("text")) v.text = p.at("text").made<text_template>(p.at("text").text());
  if (p.has("value")) v.constant = p.at("value").value();
  if (p.has("members")) {
    auto const members = p.at("members");
    if (!members.value().is_object()) members.fail("expected an object");
    for (auto const& m : members.value().as_object()) {
      auto const member = members.at(m.key);
      if (member.value().is_object()) {
        member.only({"from", "text", "value", "members", "as", "number", "format", "split", "part", "values", "repairs",
                     "skip_if", "scale", "offset", "min", "max"});
      }
      v.members.push_back({m.key, read_value(member)});
    }
  }
  v.type = read_type(p);
  if (p.has("format")) v.pattern = p.at("format").made<date_pattern>(p.at("format").text());
  if (v.pattern && v.type != value_type::date && v.type != value_type::time) {
    p.at("format").fail("a format belongs to as: date or as: time");
  }
  if (!v.pattern && (v.type == value_type::date || v.type == value_type::time)) v.pattern = date_pattern("ISO");
  v.split = p.text_or("split", "");
  if (p.has("part")) v.part = int(p.at("part").number());
  if (p.has("values")) {
    if (!p.at("values").value().is_object()) p.at("values").fail("expected an object");
    for (auto const& m : p.at("values").value().as_object()) v.values.emplace_back(m.key, m.value);
  }
  if (p.has("repairs")) {
    if (!p.at("repairs").value().is_object()) p.at("repairs").fail("expected an object");
    for (auto const& m : p.at("repairs").value().as_object())
      v.repairs.emplace_back(m.key, p.at("repairs").at(m.key).text());
  }
  v.skip_if = p.texts_or_none("skip_if");
  if (p.has("scale")) v.scale = p.at("scale").number();
  if (p.has("offset")) v.offset = p.at("offset").number();
  if (p.has("min")) v.min = p.at("min").number();
  if (p.has("max")) v.max = p.at("max").number();
  return v;
}

provenance read_provenance(part const& p, provenance otherwise) {
  if (!p.has("provenance")) return otherwise;
  auto const found = parse_provenance(p.at("provenance").text());
  if (!found) p.at("provenance").fail("expected measured, recorded, simulated, forecast or entered");
  return *found;
}

attribute_rule read_attribute(part const& p, provenance otherwise) {
  p.only({"attribute", "kind",  "from", "text",      "value",       "members", "as",        "number",
          "format",    "split", "part", "values",    "repairs",     "skip_if", "scale",     "offset",
          "min",       "max",   "unit", "unit_from", "observed_at", "collect", "provenance"});
  auto a = attribute_rule();
  a.name = p.at("attribute").text();
  if (a.name.empty()) p.at("attribute").fail("expected a name");
  auto const kind = p.text_or("kind", "property");
  if (kind == "relationship")
    a.kind = attribute_kind::relationship;
  else if (kind == "geo")
    a.kind = attribute_kind::geo_property;
  else if (kind != "property")
    p.at("kind").fail("expected property, relationship or geo");
  a.value = read_value(p);
  a.unit = p.text_or("unit", "");
  if (!a.unit.empty()) {
    a.value.type = value_type::number;
    auto const* const known = find_unit(a.unit);
    if (known)
      a.unit = known->code;
    else if (a.unit.size() > 3 || p.has("unit_from"))
      p.at("unit").fail("unknown unit \"" + a.unit + "\"; CEL is one");
    if (p.has("unit_from")) {
      a.value.unit_from = find_unit(p.at("unit_from").text());
      a.value.unit_to = known;
      if (!a.value.unit_from) p.at("unit_from").fail("unknown unit; FAH is one");
      if (!convert(0, *a.value.unit_from, *known)) p.at("unit_from").fail("measures something else than " + a.unit);
    }
  } else if (p.has("unit_from")) {
    p.at("unit_from").fail("expected a unit to convert to");
  }
  if (p.has("observed_at")) {
    auto const at = p.at("observed_at");
    a.is_timeless = at.value().is_string() && at.text() == "none";
    if (!a.is_timeless) a.observed_at = read_time(at);
  }
  a.is_collected = p.boolean_or("collect", false);
  a.provenance = read_provenance(p, otherwise);
  return a;
}

location_rule read_location(part const& p, source_format format) {
  auto rule = location_rule();
  if (p.value().is_string() && p.text() == "geometry") {
    if (format != source_format::geojson) p.fail("only geojson has features with a geometry");
    rule.is_of_feature = true;
    return rule;
  }
  p.only({"attribute", "x", "y", "wkt", "geojson", "geometry", "bounds"});
  rule.attribute = p.text_or("attribute", "location");
  rule.x = p.text_or("x", "");
  rule.y = p.text_or("y", "");
  rule.wkt = p.text_or("wkt", "");
  rule.geojson = p.text_or("geojson", "");
  rule.is_of_feature = p.boolean_or("geometry", false);
  if (rule.x.empty() != rule.y.empty() ||
      !rule.x.empty() + !rule.wkt.empty() + !rule.geojson.empty() + rule.is_of_feature != 1) {
    p.fail("expected x and y, or wkt, or geojson, or geometry");
  }
  if (p.has("bounds")) {
    auto const edges = p.at("bounds").items();
    if (edges.size() != 4) p.at("bounds").fail("expected [west, south, east, north]");
    rule.bounds = {edges[0].number(), edges[1].number(), edges[2].number(), edges[3].number()};
    if (rule.bounds.is_empty()) p.at("bounds").fail("expected [west, south, east, north]");
  }
  return rule;
}

table_rule read_table(part const& p) {
  p.only({"by", "rows"});
  auto t = table_rule{p.at("by").made<text_template>(p.at("by").text()), p.at("rows").value()};
  if (!t.rows.is_object()) p.at("rows").fail("expected an object");
  for (auto const& r : t.rows.as_object()) {
    if (!r.value.is_object()) p.at("rows").at(r.key).fail("expected an object of fields");
  }
  return t;
}

bool reads_wall_clock(value_rule const& v) {
  if (v.type == value_type::time) return true;
  return std::any_of(v.members.begin(), v.members.end(), [](auto const& m) { return reads_wall_clock(m.value); });
}

bool reads_wall_clock(mapping const& m) {
  return m.observed_at || std::any_of(m.attributes.begin(), m.attributes.end(), [](attribute_rule const& a) {
           return a.observed_at || reads_wall_clock(a.value);
         });
}

void add_names(std::set<std::string>& names, value_rule const& v) {
  names.insert(v.from);
  for (auto& n : v.text.names()) names.insert(n);
  for (auto const& m : v.members) add_names(names, m.value);
}

}  // namespace

std::string_view to_text(source_format f) { return format_names[std::size_t(f)]; }

bool mapping::collects() const {
  return std::any_of(attributes.begin(), attributes.end(), [](attribute_rule const& a) { return a.is_collected; });
}

mapping parse_mapping(json::value const& declaration) {
  auto const p = part(declaration, {});
  p.only({"name", "title", "licence", "attribution", "publisher", "origin", "source", "time_zone", "crs", "provenance",
          "parameters", "table", "entity", "location", "observed_at", "attributes", "history"});
  auto m = mapping();
  m.name = p.text_or("name", "");
  m.title = p.text_or("title", "");
  m.licence = p.text_or("licence", "");
  m.attribution = p.text_or("attribution", "");
  m.publisher = p.text_or("publisher", "");
  m.origin = p.text_or("origin", "");
  m.source = read_source(p.at("source"));
  if (p.has("time_zone"))
    m.zone = p.at("time_zone")
                 .made<std::shared_ptr<time_zone const>>(
                     std::make_shared<time_zone const>(p.at("time_zone").made<time_zone>(p.at("time_zone").text())));
  m.projection =
      std::make_shared<geo::projection const>(p.at("crs").made<geo::projection>(p.text_or("crs", "EPSG:4326")));
  m.parameters = p.texts_or_none("parameters");
  if (p.has("table")) m.table = read_table(p.at("table"));
  auto const entity = p.at("entity");
  entity.only({"type", "id", "scope"});
  m.entity_type = entity.at("type").text();
  m.entity_id = entity.at("id").made<text_template>(entity.at("id").text());
  if (entity.has("scope")) m.scope = entity.at("scope").made<text_template>(entity.at("scope").text());
  if (p.has("location")) m.location = read_location(p.at("location"), m.source.format);
  if (p.has("observed_at")) m.observed_at = read_time(p.at("observed_at"));
  auto const otherwise = read_provenance(p, provenance::recorded);
  if (p.has("attributes")) {
    for (auto const& item : p.at("attributes").items()) m.attributes.push_back(read_attribute(item, otherwise));
  }
  m.is_history = p.boolean_or("history", false);
  if (!m.zone && reads_wall_clock(m))
    p.at("time_zone").fail("times are read: say in which zone, for example Europe/Berlin");
  if (m.is_history && !m.observed_at) p.at("observed_at").fail("a history needs to know when each record was observed");
  if (m.is_history && m.collects()) p.at("history").fail("records of a history are not collected");
  if (!m.location && m.attributes.empty()) p.at("attributes").fail("expected at least one attribute");
  return m;
}

std::vector<std::string> needed_fields(mapping const& m) {
  auto names = std::set<std::string>();
  for (auto& n : m.entity_id.names()) names.insert(n);
  for (auto& n : m.scope.names()) names.insert(n);
  if (m.table) {
    for (auto& n : m.table->key.names()) names.insert(n);
  }
  if (m.location) names.insert({m.location->x, m.location->y, m.location->wkt, m.location->geojson});
  if (m.observed_at) names.insert(m.observed_at->from);
  for (auto const& a : m.attributes) {
    add_names(names, a.value);
    if (a.observed_at) names.insert(a.observed_at->from);
  }
  auto const is_of_table = [&](std::string const& name) {
    return m.table && std::any_of(m.table->rows.as_object().begin(), m.table->rows.as_object().end(),
                                  [&](json::member const& row) { return row.value.find(name) != nullptr; });
  };
  std::erase_if(names, [&](std::string const& n) {
    return n.empty() || n.starts_with("parameter.") || n.starts_with("row.") || is_of_table(n);
  });
  return {names.begin(), names.end()};
}

}  // namespace dos::files
