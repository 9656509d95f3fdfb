#include "ingest/files/mapping.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/fault.h"
#include "base/name_rules.h"
#include "ingest/files/declaration.h"

namespace dos::files {
namespace {

constexpr std::array<std::string_view, 4> format_names = {"csv", "geojson", "json", "ndjson"};

char read_character(part const& p, std::string_view key, char otherwise) {
  if (!p.has(key)) return otherwise;
  auto const text = p.at(key).text();
  if (text == "tab") return '\t';
  if (text == "space") return ' ';
  if (text == "auto" || text == "none") return 0;
  if (text.size() != 1) p.at(key).fail("expected one character");
  return text[0];
}

// Where in the file the table lies.
void read_extent(part const& p, source_rule& s) {
  for (auto const word : {"begins_at", "ends_at", "repeats", "skip_rows", "headings"}) {
    if (p.has(word) && s.format != source_format::csv) p.at(word).fail("only a csv file has tables");
  }
  if (p.has("begins_at")) {
    if (p.at("begins_at").value().is_string()) {
      s.csv.first_text = p.at("begins_at").text();
      if (s.csv.first_text.empty()) p.at("begins_at").fail("expected a line, or how it begins");
    } else {
      s.csv.first_line = std::size_t(p.at("begins_at").whole_number(1, 1'000'000));
    }
  }
  s.table_ends = p.text_or_texts("ends_at");
  s.repeats = p.boolean_or("repeats", false);
  if (s.repeats && (s.csv.first_text.empty() || !s.has_header)) {
    p.at("repeats").fail("says that the names of columns come again: begins_at has to say how their line begins");
  }
  if (p.has("skip_rows")) s.skipped_rows = std::size_t(p.at("skip_rows").whole_number(0, 1'000));
  s.headings = p.texts_by_name("headings");
  for (auto const& [field, start] : s.headings) {
    if (start.empty()) p.at("headings").at(field).fail("expected how the line begins");
  }
}

// A century for years of two digits.
date_pattern read_pattern(part const& p) {
  auto const text = p.text_or("format", "ISO");
  if (!p.has("pivot")) return p.at("format").made<date_pattern>(text);
  auto const pivot = int(p.at("pivot").whole_number(0, 100));
  auto pattern = p.at("format").made<date_pattern>(text, pivot);
  if (!pattern.has_short_years()) p.at("pivot").fail("belongs to a format with yy");
  return pattern;
}

source_rule read_source(part const& p) {
  p.only({"format", "encoding", "separator", "quote", "decimal", "thousands", "records", "header", "ignore_rows",
          "begins_at", "ends_at", "repeats", "skip_rows", "headings", "url", "interval_s", "enabled"});
  auto s = source_rule();
  auto const format = p.at("format").text();
  auto const found = std::find(format_names.begin(), format_names.end(), format);
  if (found == format_names.end()) p.at("format").fail("expected csv, geojson, json or ndjson");
  s.format = source_format(found - format_names.begin());
  auto const encoding = p.text_or("encoding", "auto");
  if (encoding != "auto") {
    s.csv.encoding = parse_text_encoding(encoding);
    if (!s.csv.encoding) p.at("encoding").fail("expected auto, utf-8, utf-16, utf-16be, iso-8859-1, iso-8859-15 or windows-1252");
  }
  if (s.format == source_format::ndjson && s.csv.encoding.value_or(text_encoding::utf8) != text_encoding::utf8) {
    p.at("encoding").fail("lines of JSON are UTF-8");
  }
  s.csv.separator = read_character(p, "separator", 0);
  s.csv.quote = read_character(p, "quote", '"');
  s.numbers.decimal = read_character(p, "decimal", '.');
  s.numbers.thousands = read_character(p, "thousands", 0);
  if (s.numbers.decimal != '.' && s.numbers.decimal != ',') p.at("decimal").fail("expected a point or a comma");
  if (s.numbers.thousands == s.numbers.decimal) p.at("thousands").fail("is the decimal mark already");
  s.has_header = p.boolean_or("header", true);
  s.ignored_rows = p.texts_or_none("ignore_rows");
  read_extent(p, s);
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
  p.only({"from", "text", "format", "pivot", "ends_period_s"});
  if (p.has("from") + p.has("text") != 1) p.fail("expected one of from and text");
  if (p.has("from")) rule.from = p.at("from").text();
  if (p.has("text")) rule.text = p.at("text").made<text_template>(p.at("text").text());
  rule.pattern = read_pattern(p);
  if (p.has("ends_period_s")) {
    rule.ends_period_us = p.at("ends_period_s").whole_number(0, 366 * 86'400) * us_per_second;
  }
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
        member.only({"from", "text", "value", "members", "as", "number", "format", "pivot", "split", "part", "values",
                     "repairs", "skip_if", "scale", "offset", "min", "max"});
      }
      v.members.push_back({m.key, read_value(member)});
    }
  }
  v.type = read_type(p);
  auto const is_date = v.type == value_type::date || v.type == value_type::time;
  for (auto const word : {"format", "pivot"}) {
    if (p.has(word) && !is_date) p.at(word).fail("belongs to as: date or as: time");
  }
  if (is_date) v.pattern = read_pattern(p);
  for (auto const word : {"scale", "offset", "min", "max", "unit"}) {
    if (!p.has(word) || p.at(word).value() == json::value("")) continue;
    if (v.type != value_type::as_it_is && v.type != value_type::number) p.at(word).fail("belongs to a number");
    v.type = value_type::number;
  }
  v.split = p.text_or("split", "");
  if (p.has("part")) v.part = int(p.at("part").number());
  if (p.has("values")) {
    if (!p.at("values").value().is_object()) p.at("values").fail("expected an object");
    for (auto const& m : p.at("values").value().as_object()) v.values.emplace_back(m.key, m.value);
  }
  v.repairs = p.texts_by_name("repairs");
  v.skip_if = p.texts_or_none("skip_if");
  for (auto const& text : v.skip_if) {
    if (auto const n = parse_number(text)) v.skipped_numbers.push_back(n->as_double());
  }
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

// As the door of NGSI-LD takes names. ETSI GS CIM 009, 4.5.1, 4.6.2 and 4.7.1
void check_name(part const& p, std::string const& name, attribute_kind kind) {
  p.held([&] { require_free_attribute_name(name); });
  auto iri = std::string();
  p.held([&] { iri = core_context()->expand(name); });
  if (iri.starts_with('@')) p.fail("this is a keyword of JSON-LD");
  auto const is_place = name == "location" || name == "observationSpace" || name == "operationSpace";
  if (is_place && kind != attribute_kind::geo_property) p.fail("this is a place: kind: geo, or the mapping's location");
}

attribute_rule read_attribute(part const& p, provenance otherwise) {
  p.only({"attribute", "kind",  "from", "text",      "value",       "members", "as",        "number",
          "format",    "pivot", "split", "part",      "values",      "repairs", "skip_if",   "scale", "offset",
          "min",       "max",   "unit", "unit_from", "observed_at", "collect", "provenance"});
  auto a = attribute_rule();
  a.name = p.at("attribute").text();
  auto const kind = p.text_or("kind", "property");
  if (kind == "relationship")
    a.kind = attribute_kind::relationship;
  else if (kind == "geo")
    a.kind = attribute_kind::geo_property;
  else if (kind != "property")
    p.at("kind").fail("expected property, relationship or geo");
  check_name(p.at("attribute"), a.name, a.kind);
  a.value = read_value(p);
  a.unit = p.text_or("unit", "");
  if (!a.unit.empty()) {
    if (a.kind != attribute_kind::property) p.at("unit").fail("only a property has a unit");
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
  check_name(p.at("attribute"), rule.attribute, attribute_kind::geo_property);
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

each_column_rule read_each_column(part const& p) {
  p.only({"name", "value", "of", "but"});
  auto rule = each_column_rule();
  rule.name = p.at("name").text();
  rule.value = p.at("value").text();
  if (rule.name.empty() || rule.value.empty() || rule.name == rule.value) p.fail("expected two names of fields");
  if (p.has("of") + p.has("but") != 1) p.fail("expected one of of and but: the columns, or all but these");
  rule.is_but = p.has("but");
  auto const names = p.texts_or_none(rule.is_but ? "but" : "of");
  rule.columns = {names.begin(), names.end()};
  return rule;
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

void add_names(std::set<std::string>& names, time_rule const& t) {
  names.insert(t.from);
  for (auto& n : t.text.names()) names.insert(n);
}

void add_names(std::set<std::string>& names, value_rule const& v) {
  names.insert(v.from);
  for (auto& n : v.text.names()) names.insert(n);
  for (auto const& m : v.members) add_names(names, m.value);
}

}  // namespace

std::string_view to_text(source_format f) { return format_names[std::size_t(f)]; }

bool each_column_rule::covers(std::string_view column) const {
  return columns.contains(column) != is_but;
}

bool mapping::collects() const {
  return std::any_of(attributes.begin(), attributes.end(), [](attribute_rule const& a) { return a.is_collected; });
}

mapping parse_mapping(json::value const& declaration) {
  auto const p = part(declaration, {});
  p.only({"name", "title", "licence", "attribution", "publisher", "origin", "source", "time_zone", "crs", "provenance",
          "parameters", "table", "each_column", "entity", "location", "observed_at", "attributes", "history"});
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
  m.says_crs = p.has("crs");
  m.parameters = p.texts_or_none("parameters");
  if (p.has("table")) m.table = read_table(p.at("table"));
  if (p.has("each_column")) m.each_column = read_each_column(p.at("each_column"));
  auto const entity = p.at("entity");
  entity.only({"type", "id", "scope"});
  m.entity_type = entity.at("type").text();
  entity.at("type").held([&] { require_type_name(m.entity_type); });
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
  if (m.observed_at) add_names(names, *m.observed_at);
  for (auto const& a : m.attributes) {
    add_names(names, a.value);
    if (a.observed_at) add_names(names, *a.observed_at);
  }
  if (auto const& each = m.each_column; each && !each->is_but) names.insert(each->columns.begin(), each->columns.end());
  for (auto const& heading : m.source.headings) names.erase(heading.first);
  if (m.each_column) {
    names.erase(m.each_column->name);
    names.erase(m.each_column->value);
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
