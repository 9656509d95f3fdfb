#include "ingest/files/import.h"

#include <cstdio>

#include "base/id.h"

namespace dos::files {
namespace {

json::value to_json(read_counts const& c) {
  return json::object{{"records", c.records},
                      {"entities", c.drafts},
                      {"values", c.values},
                      {"repeated_records", c.repeated_records},
                      {"repeated_values", c.repeated_values},
                      {"empty", c.empty},
                      {"lost", c.lost},
                      {"places_lost", c.places_lost},
                      {"problems", c.problems}};
}

json::value to_json(row_problem const& p) {
  auto o = json::object{{"row", p.row}};
  if (p.line > 0) o.push("line", p.line);
  if (!p.column.empty()) o.push("column", p.column);
  o.push("message", p.message);
  o.push("excerpt", p.excerpt);
  o.push("lost", p.is_lost);
  return o;
}

json::value to_json(entity_draft const& d) {
  auto attributes = json::object();
  for (auto const& a : d.attributes) {
    auto o = json::object{{"value", a.value}};
    if (!a.unit.empty()) o.push("unitCode", a.unit);
    if (a.observed_at != no_time) o.push("observedAt", to_string(a.observed_at));
    o.push("provenance", to_text(a.provenance));
    attributes[a.name] = std::move(o);
  }
  return json::object{{"row", d.row}, {"id", d.id}, {"type", d.type}, {"attributes", std::move(attributes)}};
}

// The first of many, bounded in number and bytes.
class kept_list {
 public:
  kept_list(std::size_t items_max, std::size_t bytes_max) : items_max_(items_max), bytes_left_(bytes_max) {}

  template <typename Make>
  void add(Make const& make) {
    if (is_full_ || items_.size() >= items_max_) return;
    auto item = json::value(make());
    auto const bytes = json::to_string(item).size();
    is_full_ = bytes > bytes_left_;
    if (is_full_) return;
    bytes_left_ -= bytes;
    items_.push_back(std::move(item));
  }
  json::array take() { return std::move(items_); }

 private:
  std::size_t items_max_;
  std::size_t bytes_left_;
  bool is_full_ = false;
  json::array items_;
};

// Keys ascend with time and differ within the same microsecond.
std::string new_key(timestamp now) {
  char text[24];
  std::snprintf(text, sizeof text, "%016lld", static_cast<long long>(now.us));
  return text + ('-' + new_uuid().substr(0, 4));
}

void keep_report(transaction& t, session const& s, std::string const& key, json::value const& report) {
  t.put_record(import_collection, key, report);
  auto surplus = s.record_count(import_collection) + 1;
  s.for_each_record(import_collection, "", [&](std::string_view oldest, record_ptr const&) {
    if (surplus <= imports_kept_max) return false;
    t.erase_record(import_collection, oldest);
    --surplus;
    return true;
  });
}

}  // namespace

json::value preview_import(import_order const& o, session const& s, terms const& words, timestamp now) {
  auto drafts = kept_list(preview_drafts_max, preview_bytes_max);
  auto problems = kept_list(problems_kept_max, problem_bytes_max);
  auto known = known_history(s, words);
  auto const counts = read_records(o.bytes, *o.how,
                                   {.draft =
                                        [&](entity_draft&& d) {
                                          drafts.add([&] { return to_json(d); });
                                          return true;
                                        },
                                    .problem =
                                        [&](row_problem&& p) {
                                          problems.add([&] { return to_json(p); });
                                        }},
                                   o.parameters, known.as_past(now));
  return json::object{{"counts", to_json(counts)}, {"drafts", drafts.take()}, {"problems", problems.take()}};
}

json::value run_import(import_order const& o, session const& s, terms const& words, timestamp now) {
  auto const& source = s.who().source;
  auto problems = kept_list(problems_kept_max, problem_bytes_max);
  auto writer = draft_writer(s, words, source);
  auto const counts = read_records(o.bytes, *o.how,
                                   {.draft =
                                        [&](entity_draft&& d) {
                                          writer.write(std::move(d));
                                          return true;
                                        },
                                    .problem =
                                        [&](row_problem&& p) {
                                          problems.add([&] { return to_json(p); });
                                        }},
                                   o.parameters, writer.known().as_past(now));
  auto const written = writer.finish();
  auto const key = new_key(now);
  auto stored =
      json::object{{"entities", written.entities}, {"values", written.values}, {"repeated", written.repeated}};
  if (written.corrected > 0) stored.push("corrected", written.corrected);
  if (written.refused > 0) {
    stored.push("refused", written.refused);
    stored.push("refusal", written.refusal);
  }
  auto const report = json::value(json::object{{"id", key},
                                               {"mapping", o.how->name},
                                               {"file", o.file},
                                               {"by", o.by},
                                               {"at", to_string(now)},
                                               {"counts", to_json(counts)},
                                               {"stored", std::move(stored)},
                                               {"problems", problems.take()}});
  s.apply([&](transaction& t) {
    keep_report(t, s, key, report);
    if (counts.lost > 0) {
      t.count(source, tally::received, counts.lost);
      t.count(source, tally::rejected, counts.lost, "unreadable");
    }
  });
  return report;
}

}  // namespace dos::files
