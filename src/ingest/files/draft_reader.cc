#include "ingest/files/draft_reader.h"

#include <algorithm>

#include "base/fault.h"
#include "base/id.h"
#include "base/text.h"

namespace dos::files {
namespace {

constexpr std::size_t generation_max = 1'000'000;

std::string excerpt_of(std::string_view s) {
  if (s.size() <= excerpt_bytes_max) return std::string(s);
  auto n = excerpt_bytes_max;
  while (n > 0 && (static_cast<unsigned char>(s[n]) & 0xc0) == 0x80) --n;
  return std::string(s.substr(0, n)) + "…";
}

std::string joined(csv_row const& row) {
  auto result = std::string();
  for (auto const& f : row.fields) {
    if (result.size() > excerpt_bytes_max) break;
    result += (result.empty() ? "" : " | ") + f;
  }
  return result;
}

// Collisions among millions are as unlikely as a broken disk, and cost one repeated value.
std::uint64_t digest_of(std::string_view bytes) {
  auto h = std::uint64_t(0xcbf29ce484222325);
  for (auto const c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  h ^= h >> 32;
  return h * 0xd6e8feb86659fd93;
}

std::string digest_text(std::string_view bytes) { return text::to_hex(sha256(bytes)).substr(0, 16); }

bool names_field(text_template const& t, std::string_view name) {
  auto const names = t.names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

draft_reader::draft_reader(mapping const& m, parameter_map parameters, listener l)
    : mapping_(m), parameters_(std::move(parameters)), listener_(std::move(l)), csv_(m.source.csv) {
  for (auto const& name : m.parameters) {
    require(parameters_.contains(name), fault_kind::invalid, "this import needs the parameter \"" + name + "\"");
  }
  if (m.zone) clock_.emplace(*m.zone);
  visit_row_ = [this](csv_row const& row) { return take_row(row); };
}

draft_reader::~draft_reader() = default;

void draft_reader::feed(std::string_view bytes) {
  if (is_stopped_) return;
  if (mapping_.source.format == source_format::csv) return csv_.feed(bytes, visit_row_);
  require(document_.size() + bytes.size() <= document_bytes_max, fault_kind::too_large,
          "the document is larger than " + std::to_string(document_bytes_max) + " bytes");
  document_ += bytes;
  if (mapping_.source.format != source_format::ndjson) return;
  auto from = std::size_t(0);
  for (auto end = document_.find('\n'); end != document_.npos && !is_stopped_; end = document_.find('\n', from)) {
    take_line(std::string_view(document_).substr(from, end - from));
    from = end + 1;
  }
  document_.erase(0, from);
}

read_counts draft_reader::finish() {
  if (is_stopped_) return counts_;
  if (mapping_.source.format == source_format::csv) {
    csv_.finish(visit_row_);
    require(has_columns_ || !mapping_.source.has_header, fault_kind::invalid, "the file is empty");
  } else if (mapping_.source.format == source_format::ndjson) {
    take_line(document_);
  } else {
    take_document();
  }
  for (auto& d : collected_) {
    if (!deliver(std::move(d))) break;
  }
  collected_.clear();
  return counts_;
}

void draft_reader::take_header(csv_row const& row) {
  has_columns_ = true;
  columns_count_ = row.fields.size();
  for (auto i = std::size_t(0); i < row.fields.size(); ++i) {
    auto const name = mapping_.source.has_header ? std::string(text::trim(row.fields[i])) : std::to_string(i + 1);
    column_names_.push_back(name);
    columns_.emplace(name, i);  // of two with the same name the first counts
  }
  auto missing = std::string();
  for (auto const& name : needed_fields(mapping_)) {
    if (!columns_.contains(name)) missing += (missing.empty() ? "\"" : ", \"") + name + '"';
  }
  if (missing.empty()) return;
  auto there = std::string();
  for (auto const& name : column_names_) there += (there.empty() ? "\"" : ", \"") + name + '"';
  throw fault(fault_kind::invalid, "the file has no column " + missing + "; it has " + excerpt_of(there));
}

bool draft_reader::take_row(csv_row const& row) {
  place_ = {row.number, row.line, row.byte_offset};
  if (!has_columns_) {
    take_header(row);
    if (mapping_.source.has_header) return true;
  }
  auto const& ignored = mapping_.source.ignored_rows;
  if (!row.fields.empty() && std::any_of(ignored.begin(), ignored.end(),
                                         [&](std::string const& start) { return row.fields[0].starts_with(start); })) {
    return true;
  }
  if (std::all_of(row.fields.begin(), row.fields.end(), [](std::string const& f) { return text::trim(f).empty(); }) &&
      !row.is_lost) {
    return true;
  }
  ++counts_.records;
  auto is_lost = row.is_lost;
  for (auto const& p : row.problems) {
    if (p.defect == csv_defect::ragged) {
      // Separators too many at the end say nothing and harm nobody.
      auto const surplus = row.fields.begin() + std::ptrdiff_t(std::min(columns_count_, row.fields.size()));
      if (row.fields.size() > columns_count_ &&
          std::all_of(surplus, row.fields.end(), [](std::string const& f) { return f.empty(); })) {
        continue;
      }
      is_lost = true;
    }
    auto const is_field = p.defect >= csv_defect::not_in_encoding || p.defect == csv_defect::text_after_quote;
    auto const column = is_field && p.column < column_names_.size() ? column_names_[p.column] : std::string();
    report(column, p.message, is_field && p.column < row.fields.size() ? row.fields[p.column] : joined(row), is_lost);
  }
  if (is_lost) {
    ++counts_.lost;
    return true;
  }
  auto r = record(columns_, row.fields);
  auto all = std::string();
  for (auto const& f : row.fields) all += f + '\x1f';
  r.digest = std::move(all);
  return take(r);
}

void draft_reader::take_line(std::string_view line) {
  ++place_.row;
  ++place_.line;
  if (!text::trim(line).empty()) {
    try {
      auto const item = json::parse(line);
      is_stopped_ = !take_json(item);
    } catch (fault const& f) {
      ++counts_.records;
      ++counts_.lost;
      report({}, f.detail, line, true);
    }
  }
  place_.byte_offset += line.size() + 1;
}

void draft_reader::take_document() {
  auto text = std::string();
  auto const encoding = mapping_.source.csv.encoding.value_or(text_encoding::utf8);
  if (encoding == text_encoding::utf8)
    text = std::move(document_);
  else
    append_as_utf8(text, document_, encoding);
  auto const bytes = std::string_view(text).substr(text.starts_with("\xef\xbb\xbf") ? 3 : 0);
  auto const document = json::parse(bytes);
  auto const is_geojson = mapping_.source.format == source_format::geojson;
  auto const path = is_geojson && mapping_.source.records.empty() ? "features" : mapping_.source.records;
  auto const* const items = find_path(document, path);
  require(items && items->is_array(), fault_kind::invalid,
          path.empty() ? "the document is no list of records" : "the document has no list \"" + path + "\"");
  for (auto const& item : items->as_array()) {
    ++place_.row;
    if (!take_json(item)) return;
  }
}

bool draft_reader::take_json(json::value const& item) {
  ++counts_.records;
  if (!item.is_object()) {
    ++counts_.lost;
    report({}, "the record is no object", json::to_string(item), true);
    return true;
  }
  auto const* const properties = item.text_or("type", "") == "Feature" ? item.find("properties") : nullptr;
  auto r = properties ? record(*properties, &item) : record(item);
  r.geometry = item.find("geometry");
  r.digest = json::to_string(item);
  return take(r);
}

// `r.digest` is all of the record here; its short form is made only where the mapping asks for it.
bool draft_reader::take(record& r) {
  auto const all = std::move(r.digest);
  record_digest_ = digest_of(all);
  r.number = place_.row;
  r.parameters = &parameters_;
  if (names_field(mapping_.entity_id, "row.hash")) r.digest = digest_text(all);
  if (names_field(mapping_.entity_id, "row.repeat")) r.repeat = ++known_records_[record_digest_];
  auto const lose = [&](std::string const& column, std::string message) {
    ++counts_.lost;
    report(column, std::move(message), all, true);
    return true;
  };
  auto const problems_before = counts_.problems;
  auto const find_text = [&](std::string const& name) { return r.find(name).find_text(); };
  if (mapping_.table) {
    auto const key = mapping_.table->key.fill(find_text);
    r.table_row = key ? mapping_.table->rows.find(*key) : nullptr;
    if (!r.table_row) return lose({}, "the mapping's table has no row \"" + key.value_or("") + "\"");
  }
  auto id = mapping_.entity_id.fill(find_text, true);
  if (!id) return lose(mapping_.entity_id.names().front(), "without this the record has no id");
  if (!is_uri(*id)) return lose({}, "\"" + *id + "\" is no URI");

  auto d =
      entity_draft{.id = std::move(*id), .type = mapping_.entity_type, .scope = {}, .attributes = {}, .row = r.number};
  if (!mapping_.scope.is_empty()) d.scope = mapping_.scope.fill(find_text).value_or("");
  auto observed_at = no_time;
  if (mapping_.observed_at) {
    auto const at = read_time(*mapping_.observed_at, r, d.id);
    if (!at && mapping_.is_history) {
      ++counts_.lost;
      return true;  // told by read_time
    }
    observed_at = at.value_or(no_time);
  }
  if (mapping_.location) add_location(r, d);

  auto const e = evaluation{
      .numbers = mapping_.source.numbers,
      .to_utc =
          [&](clock_reading const& reading) { return clock_->to_utc(reading, {}, d.id + " value", record_digest_); },
      .report = [&](std::string const& field,
                    std::string message) { report(field, std::move(message), find_text(field).value_or("")); }};
  for (auto const& rule : mapping_.attributes) {
    auto value = evaluate(rule.value, r, e);
    if (!value) continue;
    auto const at = rule.is_timeless   ? no_time
                    : rule.observed_at ? read_time(*rule.observed_at, r, d.id + ' ' + rule.name)
                                       : observed_at;
    if (!at) continue;
    d.attributes.push_back({rule.name, rule.kind, std::move(*value), rule.unit, *at, rule.provenance});
  }
  if (d.attributes.empty() && counts_.problems == problems_before) {
    ++counts_.empty;
    return true;
  }
  if (d.attributes.empty()) return lose({}, "nothing of the record could be taken");
  if (mapping_.collects()) {
    collect(std::move(d));
    return true;
  }
  auto const is_new_id = mapping_.is_history || known_ids_.insert(digest_of(d.id)).second;
  auto const before = d.attributes.size();
  std::erase_if(d.attributes, [&](attribute_draft const& a) { return is_repeated(d.id, a); });
  counts_.repeated_values += before - d.attributes.size();
  if (d.attributes.empty()) {
    ++counts_.repeated_records;
    return true;
  }
  if (!is_new_id) report({}, "the entity " + d.id + " was described before, and otherwise", all);
  return deliver(std::move(d));
}

bool draft_reader::deliver(entity_draft&& d) {
  ++counts_.drafts;
  counts_.values += d.attributes.size();
  return listener_.draft(std::move(d));
}

void draft_reader::collect(entity_draft&& d) {
  auto const is_collected = [&](std::string const& name) {
    return std::any_of(mapping_.attributes.begin(), mapping_.attributes.end(),
                       [&](attribute_rule const& rule) { return rule.is_collected && rule.name == name; });
  };
  auto const [at, is_new] = collected_by_id_.try_emplace(d.id, collected_.size());
  if (is_new) {
    require(collected_.size() < collected_max, fault_kind::too_large,
            "more than " + std::to_string(collected_max) + " entities to collect values for");
    for (auto& a : d.attributes) {
      if (is_collected(a.name) && !a.value.is_array()) a.value = json::array{std::move(a.value)};
    }
    collected_.push_back(std::move(d));
    return;
  }
  auto& known = collected_[at->second].attributes;
  auto is_repetition = true;
  for (auto& a : d.attributes) {
    auto const same =
        std::find_if(known.begin(), known.end(), [&](attribute_draft const& k) { return k.name == a.name; });
    if (same == known.end()) {
      if (is_collected(a.name) && !a.value.is_array()) a.value = json::array{std::move(a.value)};
      known.push_back(std::move(a));
      is_repetition = false;
    } else if (is_collected(a.name)) {
      auto& list = same->value.as_array();
      auto const add = [&](json::value const& v) {
        if (std::find(list.begin(), list.end(), v) != list.end()) return;
        list.push_back(v);
        is_repetition = false;
      };
      if (!a.value.is_array())
        add(a.value);
      else
        for (auto const& v : a.value.as_array()) add(v);
    } else if (same->value != a.value) {
      is_repetition = false;
      report(a.name, "the entity " + d.id + " was described before, and otherwise", json::to_string(a.value));
    }
  }
  counts_.repeated_records += is_repetition;
}

geo::geometry draft_reader::read_location(record const& r) const {
  auto const& rule = *mapping_.location;
  auto const options = geo::parse_options{.crs = mapping_.projection.get()};
  auto const in_json = [&](json::value const& v) {
    if (v.is_null()) return geo::geometry();
    auto const* const inner = v.text_or("type", "") == "Feature" ? v.find("geometry") : nullptr;
    return geo::parse_geojson(inner ? *inner : v, options);
  };
  if (rule.is_of_feature) return r.geometry ? in_json(*r.geometry) : geo::geometry();
  if (!rule.geojson.empty()) {
    auto const found = r.find(rule.geojson);
    if (found.value && !found.value->is_string()) return in_json(*found.value);
    auto const text = found.find_text();
    return text && !text->empty() ? in_json(json::parse(*text)) : geo::geometry();
  }
  if (!rule.wkt.empty()) {
    auto const text = r.find(rule.wkt).find_text();
    return text && !text->empty() ? geo::parse_wkt(*text, options) : geo::geometry();
  }
  auto const x_text = r.find(rule.x).find_text().value_or("");
  auto const y_text = r.find(rule.y).find_text().value_or("");
  if (x_text.empty() && y_text.empty()) return {};
  auto const x = parse_number(x_text, mapping_.source.numbers);
  auto const y = parse_number(y_text, mapping_.source.numbers);
  require(x && y, fault_kind::invalid, "\"" + x_text + "\", \"" + y_text + "\" is no pair of coordinates");
  auto const at = geo::position{x->as_double(), y->as_double()};
  auto const place = mapping_.projection->find_wgs84(at);
  auto const is_on_earth = place && std::abs(place->lon) <= 180 && std::abs(place->lat) <= 90;
  require(is_on_earth, fault_kind::invalid,
          "\"" + x_text + "\", \"" + y_text + "\" is no place in EPSG:" + std::to_string(mapping_.projection->epsg()));
  return geo::geometry(*place);
}

void draft_reader::add_location(record const& r, entity_draft& d) {
  auto const& rule = *mapping_.location;
  auto const column = rule.x + rule.wkt + rule.geojson;
  try {
    auto const g = read_location(r);
    if (g.is_empty()) return;
    require(rule.bounds.is_empty() || rule.bounds.contains(g.box()), fault_kind::invalid,
            "the place lies outside of the bounds: " + to_wkt(geo::geometry(g.first())));
    d.attributes.push_back(
        {rule.attribute, attribute_kind::geo_property, to_json(g), {}, no_time, provenance::recorded});
  } catch (fault const& f) {
    report(column, f.detail, r.find(column).find_text().value_or(""));
  }
}

std::optional<timestamp> draft_reader::read_time(time_rule const& rule, record const& r, std::string const& series) {
  auto const text = r.find(rule.from).find_text().value_or("");
  auto const reading = rule.pattern.parse(text);
  if (!reading) {
    report(rule.from, "\"" + text + "\" is no time written as " + std::string(rule.pattern.pattern()), text,
           mapping_.is_history);
    return {};
  }
  return clock_->to_utc(*reading, rule, series, record_digest_);
}

bool draft_reader::is_repeated(std::string const& id, attribute_draft const& a) {
  auto key = id + '\x1f' + a.name + '\x1f' + std::to_string(a.observed_at.us) + '\x1f' + a.unit + '\x1f';
  json::write(key, a.value);
  auto const digest = digest_of(key);
  if (known_values_[1].contains(digest) || !known_values_[0].insert(digest).second) return true;
  if (known_values_[0].size() >= generation_max) {
    known_values_[1] = std::move(known_values_[0]);
    known_values_[0].clear();
  }
  return false;
}

void draft_reader::report(std::string column, std::string message, std::string_view excerpt, bool is_lost) {
  ++counts_.problems;
  listener_.problem({place_.row, place_.line, place_.byte_offset, std::move(column), std::move(message),
                     excerpt_of(excerpt), is_lost});
}

read_counts read_records(std::string_view bytes, mapping const& m, draft_reader::listener l, parameter_map parameters) {
  auto reader = draft_reader(m, std::move(parameters), std::move(l));
  reader.feed(bytes);
  return reader.finish();
}

}  // namespace dos::files
