#include "ingest/files/draft_reader.h"

#include <algorithm>
#include <utility>

#include "base/fault.h"
#include "base/id.h"
#include "base/json_path.h"
#include "base/name_rules.h"
#include "base/text.h"
#include "base/text_cut.h"
#include "kernel/graph/attribute_value.h"

namespace dos::files {
namespace {

constexpr std::size_t generation_max = 1'000'000;

std::string excerpt_of(std::string_view s) {
  auto const shown = text::cut(s, excerpt_bytes_max);
  return shown.size() == s.size() ? std::string(s) : std::string(shown) + "…";
}

std::string excerpt_quoted(std::string_view s) { return '"' + excerpt_of(s) + '"'; }

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

std::string checked_scope(std::string const& scope) { return std::string(parse_scopes(scope).front().text()); }

bool names_field(text_template const& t, std::string_view name) {
  auto const names = t.names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

csv_options options_of(mapping const& m, table& t) {
  auto options = m.source.csv;
  options.line_before = [&t](std::string_view line) { t.take_line(line); };
  options.tells_blank_rows = std::find(m.source.table_ends.begin(), m.source.table_ends.end(), "") != m.source.table_ends.end();
  return options;
}

}  // namespace

draft_reader::draft_reader(mapping const& m, parameter_map parameters, listener l, stored_past past)
    : mapping_(m),
      parameters_(std::move(parameters)),
      listener_(std::move(l)),
      past_(std::move(past)),
      places_(m),
      table_(m),
      csv_(options_of(m, table_)) {
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
    require(table_.has_names() || !mapping_.source.has_header, fault_kind::invalid, "the file is empty");
  } else if (mapping_.source.format == source_format::ndjson) {
    take_line(document_);
  } else {
    take_document();
  }
  if (!is_stopped_) take_waiting();
  for (auto& d : collected_) {
    if (!deliver(std::move(d))) break;
  }
  collected_.clear();
  return counts_;
}

bool draft_reader::take_row(csv_row const& row) {
  auto const use = table_.take(row, csv_.separator());
  if (use != table::use::record) return true;
  place_ = {row.number, row.line, row.byte_offset};
  auto is_lost = row.is_lost;
  auto const& names = table_.names()->in_order;
  // Separators too many at the end say nothing and harm nobody.
  auto const surplus = row.fields.begin() + std::ptrdiff_t(std::min(names.size(), row.fields.size()));
  auto const is_ragged = !is_lost && (row.fields.size() < names.size() ||
                                      std::any_of(surplus, row.fields.end(), [](std::string const& f) { return !f.empty(); }));
  if (is_ragged) {
    is_lost = true;
    report({}, std::to_string(row.fields.size()) + " fields, the first row has " + std::to_string(names.size()), joined(row), true);
  }
  for (auto const& p : row.problems) {
    if (p.defect == csv_defect::ragged) continue;  // told by our own names
    auto const is_field = p.defect >= csv_defect::not_in_encoding || p.defect == csv_defect::text_after_quote;
    auto const column = is_field && p.column < names.size() ? names[p.column] : std::string();
    report(column, p.message, is_field && p.column < row.fields.size() ? row.fields[p.column] : joined(row), is_lost);
  }
  if (is_lost) {
    ++counts_.records;
    ++counts_.lost;
    return true;
  }
  if (must_wait(record_of(*table_.names(), row.fields))) {
    waiting_.push_back({place_, table_.names(), row.fields, {}});
    return true;
  }
  return take_waiting() && take_fields(*table_.names(), row.fields);
}

void draft_reader::take_line(std::string_view line) {
  ++place_.row;
  ++place_.line;
  if (place_.line == 1 && encoding_of_mark(line) == text_encoding::utf8) line.remove_prefix(3);
  if (!text::trim(line).empty()) {
    try {
      is_stopped_ = !take_json(json::parse(line));
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
  auto const encoding = encoding_of_mark(document_).value_or(mapping_.source.csv.encoding.value_or(text_encoding::utf8));
  if (encoding == text_encoding::utf8)
    text = std::move(document_);
  else
    append_as_utf8(text, document_, encoding);
  auto const bytes = std::string_view(text).substr(text.starts_with("\xef\xbb\xbf") ? 3 : 0);
  auto const document = json::parse(bytes);
  auto const is_geojson = mapping_.source.format == source_format::geojson;
  if (is_geojson) places_.take_crs(document.find("crs"));
  auto const path = is_geojson && mapping_.source.records.empty() ? "features" : mapping_.source.records;
  auto const* const items = json::find_path(document, path);
  require(items && items->is_array(), fault_kind::invalid,
          path.empty() ? "the document is no list of records" : "the document has no list \"" + path + "\"");
  for (auto const& item : items->as_array()) {
    ++place_.row;
    if (!take_json(item)) {
      is_stopped_ = true;
      return;
    }
  }
}

bool draft_reader::take_json(json::value const& item) {
  if (!item.is_object()) {
    ++counts_.records;
    ++counts_.lost;
    report({}, "the record is no object", json::to_string(item), true);
    return true;
  }
  if (must_wait(record_of(item))) {
    waiting_.push_back({place_, {}, {}, item});
    return true;
  }
  return take_waiting() && take_item(item);
}

// A file that begins in the hour that exists twice is read when it is known whether its times ascend.
bool draft_reader::must_wait(record const& r) {
  if (!clock_ || !mapping_.observed_at) return false;
  auto const reading = read_clock(*mapping_.observed_at, r);
  if (!reading) return false;
  clock_->learn(*reading);
  return !clock_->knows_order() && waiting_.size() < waiting_max && clock_->is_doubtful(*reading, *mapping_.observed_at);
}

bool draft_reader::take_waiting() {
  if (waiting_.empty()) return true;
  auto const at = place_;
  auto const all = std::exchange(waiting_, {});
  for (auto const& w : all) {
    place_ = w.at;
    if (!(w.names ? take_fields(*w.names, w.fields) : take_item(w.item))) return false;
  }
  place_ = at;
  return true;
}

bool draft_reader::take_fields(table_names const& names, std::vector<std::string> const& fields) {
  auto r = record_of(names, fields);
  auto all = std::string();
  for (auto const& f : fields) all += f + '\x1f';
  auto columns = std::vector<named_field>();
  if (mapping_.each_column) {
    for (auto i = std::size_t(0); i < std::min(fields.size(), names.in_order.size()); ++i)
      columns.push_back({names.in_order[i], {fields[i], nullptr, true}});
  }
  return take_columns(r, all, columns);
}

record draft_reader::record_of(table_names const& names, std::vector<std::string> const& fields) const {
  auto r = record(names.columns, fields);
  r.parameters = &parameters_;
  r.headings = &names.headings;
  return r;
}

record draft_reader::record_of(json::value const& item) const {
  auto const* const properties = item.text_or("type", "") == "Feature" ? item.find("properties") : nullptr;
  auto r = properties ? record(*properties, &item) : record(item);
  r.geometry = item.find("geometry");
  r.own_crs = item.find("crs");
  r.parameters = &parameters_;
  return r;
}

bool draft_reader::take_item(json::value const& item) {
  auto r = record_of(item);
  auto columns = std::vector<named_field>();
  if (mapping_.each_column && r.members()->is_object()) {
    auto const& members = r.members()->as_object();
    if (members.size() > mapping_.source.csv.columns_max) {
      ++counts_.records;
      ++counts_.lost;
      report({}, "the record has more than " + std::to_string(mapping_.source.csv.columns_max) + " members", {}, true);
      return true;
    }
    for (auto const& m : members) columns.push_back({m.key, {{}, &m.value, true}});
  }
  return take_columns(r, json::to_string(item), columns);
}

// `all` is the whole record as text.
bool draft_reader::take_columns(record& r, std::string_view all, std::vector<named_field> const& columns) {
  auto const& rule = mapping_.each_column;
  column_.clear();
  auto const digest = digest_of(all);
  // The short form is made only where the mapping asks for it.
  if (names_field(mapping_.entity_id, "row.hash")) r.digest = digest_text(all);
  if (!rule) return take(r, all, digest);
  return std::all_of(columns.begin(), columns.end(), [&](named_field const& c) {
    if (!rule->covers(c.name) || c.value.find_text().value_or("").empty()) return true;
    column_ = c.name;
    r.one_column = {.name_field = rule->name, .value_field = rule->value, .name = column_, .value = c.value};
    return take(r, all, digest * 31 + digest_of(column_));
  });
}

bool draft_reader::take(record& r, std::string_view all, std::uint64_t digest) {
  ++counts_.records;
  record_digest_ = digest;
  r.number = place_.row;
  if (names_field(mapping_.entity_id, "row.repeat")) {
    require(known_records_.size() < counted_records_max, fault_kind::too_large,
            "of more than " + std::to_string(counted_records_max) + " records equal ones are not counted (row.repeat)");
    r.repeat = ++known_records_[record_digest_];
  }
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
    if (!r.table_row) return lose({}, "the mapping's table has no row " + excerpt_quoted(key.value_or("")));
  }
  auto id = mapping_.entity_id.fill(find_text, true);
  if (!id) return lose(mapping_.entity_id.names().front(), "without this the record has no id");
  auto d =
      entity_draft{.id = std::move(*id), .type = mapping_.entity_type, .scope = {}, .attributes = {}, .row = r.number};
  try {
    require_uri(d.id, "id");
    if (!mapping_.scope.is_empty()) d.scope = mapping_.scope.fill(find_text).value_or("");
    if (!d.scope.empty()) d.scope = checked_scope(d.scope);
  } catch (fault const& f) {
    return lose({}, excerpt_quoted(f.member == "id" ? d.id : d.scope) + ": " + f.detail);
  }
  if (mapping_.location) add_location(r, d);
  add_attributes(r, d);
  if (!add_times(r, d)) {
    ++counts_.lost;
    return true;  // told there
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
  auto const is_new_id = mapping_.is_history || !is_known(known_ids_, digest_of(d.id));
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

// Without their times.
void draft_reader::add_attributes(record const& r, entity_draft& d) {
  auto bytes_left = record_bytes_max;
  auto const e = evaluation{
      .numbers = mapping_.source.numbers,
      .to_utc = [&](clock_reading const& reading) { return clock_->to_utc(reading, {}, d.id + " value", record_digest_); },
      .report = [&](std::string const& field,
                    std::string message) { report(field, std::move(message), r.find(field).find_text().value_or("")); },
      .bytes_left = bytes_left};
  for (auto i = std::size_t(0); i < mapping_.attributes.size(); ++i) {
    auto const& rule = mapping_.attributes[i];
    auto value = evaluate(rule.value, r, e);
    if (!value) continue;
    try {
      *value = checked_value(rule.kind, std::move(*value), *core_context(), rule.name);
      if (rule.kind == attribute_kind::property) forbid_null_uri(*value, rule.name);
    } catch (fault const& f) {
      report(rule.value.from.empty() ? rule.name : rule.value.from, f.detail, r.find(rule.value.from).find_text().value_or(""));
      continue;
    }
    d.attributes.push_back({rule.name, rule.kind, std::move(*value), rule.unit, no_time, rule.provenance, i});
  }
}

// False: a record of a history without its time.
bool draft_reader::add_times(record const& r, entity_draft& d) {
  auto observed_at = std::optional(no_time);
  if (mapping_.observed_at) observed_at = to_moment(*mapping_.observed_at, r, d, {}, d.attributes);
  if (!observed_at && mapping_.is_history) return false;
  std::erase_if(d.attributes, [&](attribute_draft& a) {
    if (a.rule == no_rule) return false;
    auto const& rule = mapping_.attributes[a.rule];
    auto const at = rule.is_timeless   ? std::optional(no_time)
                    : rule.observed_at ? to_moment(*rule.observed_at, r, d, rule.name, std::span(&a, 1))
                                       : std::optional(observed_at.value_or(no_time));
    a.observed_at = at.value_or(no_time);
    return !at;
  });
  return true;
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

void draft_reader::add_location(record const& r, entity_draft& d) {
  auto const& rule = *mapping_.location;
  try {
    auto const g = places_.read(r);
    if (g.is_empty()) return;
    require(rule.bounds.is_empty() || rule.bounds.contains(g.box()), fault_kind::invalid,
            "it lies outside of the bounds: " + to_wkt(geo::geometry(g.first())));
    d.attributes.push_back({rule.attribute, attribute_kind::geo_property, to_json(g), {}, no_time, provenance::recorded});
  } catch (fault const& f) {
    ++counts_.places_lost;
    auto const shown = rule.is_of_feature ? (r.geometry ? json::to_string(*r.geometry) : std::string())
                       : !rule.x.empty()  ? r.find(rule.x).find_text().value_or("") + ", " + r.find(rule.y).find_text().value_or("")
                                          : r.find(places_.column()).find_text().value_or("");
    report(places_.column(), "the place is lost: " + f.detail, shown);
  }
}

std::optional<clock_reading> draft_reader::read_clock(time_rule const& rule, record const& r) {
  auto const find_text = [&](std::string const& name) { return r.find(name).find_text(); };
  return rule.pattern.parse((rule.text.is_empty() ? find_text(rule.from) : rule.text.fill(find_text)).value_or(""));
}

std::optional<timestamp> draft_reader::to_moment(time_rule const& rule, record const& r, entity_draft const& d,
                                                 std::string const& attribute, std::span<attribute_draft const> values) {
  auto const find_text = [&](std::string const& name) { return r.find(name).find_text(); };
  auto const text = (rule.text.is_empty() ? find_text(rule.from) : rule.text.fill(find_text)).value_or("");
  auto const names = rule.text.names();
  auto const column = names.empty() ? rule.from : names.front();
  auto const is_lost = mapping_.is_history && attribute.empty();
  auto const reading = rule.pattern.parse(text);
  if (!reading) {
    report(column, excerpt_quoted(text) + " is no time written as " + std::string(rule.pattern.pattern()), text, is_lost);
    return {};
  }
  auto past = known_past{.equal_values = {}, .last_observed = {}, .now = past_.now};
  if (past_.has) {
    past.equal_values = [&](timestamp at) {
      return std::size_t(std::count_if(values.begin(), values.end(), [&](attribute_draft a) {
        if (a.rule == no_rule || mapping_.attributes[a.rule].is_timeless) return false;
        a.observed_at = at;
        return past_.has(d.id, a);
      }));
    };
  }
  if (past_.last_observed) past.last_observed = [&] { return past_.last_observed(d.id); };
  auto told = clock_->to_utc(*reading, rule, attribute.empty() ? d.id : d.id + ' ' + attribute, record_digest_, past);
  if (!told.remark.empty()) report(column, excerpt_quoted(text) + ": " + told.remark, text, !told.at && is_lost);
  return told.at;
}

bool draft_reader::is_known(std::array<std::unordered_set<std::uint64_t>, 2>& known, std::uint64_t digest) {
  if (known[1].contains(digest) || !known[0].insert(digest).second) return true;
  if (known[0].size() >= generation_max) {
    known[1] = std::move(known[0]);
    known[0].clear();
  }
  return false;
}

bool draft_reader::is_repeated(std::string const& id, attribute_draft const& a) {
  auto key = id + '\x1f' + a.name + '\x1f' + std::to_string(a.observed_at.us) + '\x1f' + a.unit + '\x1f';
  json::write(key, a.value);
  return is_known(known_values_, digest_of(key));
}

void draft_reader::report(std::string column, std::string message, std::string_view excerpt, bool is_lost) {
  ++counts_.problems;
  if (mapping_.each_column && column == mapping_.each_column->value) column = column_;
  constexpr auto message_bytes_max = std::size_t(1'000);
  listener_.problem({place_.row, place_.line, place_.byte_offset, excerpt_of(column),
                     std::string(text::cut(message, message_bytes_max)), excerpt_of(excerpt), is_lost});
}

read_counts read_records(std::string_view bytes, mapping const& m, draft_reader::listener l, parameter_map parameters,
                         stored_past past) {
  auto reader = draft_reader(m, std::move(parameters), std::move(l), std::move(past));
  constexpr auto piece = std::size_t(1 << 20);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) reader.feed(bytes.substr(0, piece));
  return reader.finish();
}

}  // namespace dos::files
