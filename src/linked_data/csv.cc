#include "linked_data/csv.h"

#include <algorithm>

#include "base/text.h"

namespace dos::linked_data {
void write_csv_value(std::string& out, attribute const& a, rendering const& r) {
  auto text = std::string();
  write_simple_value(text, a, r);
  if (a.value.is_string() && text.starts_with('"')) {
    auto const v = json::parse(text);
    return write_csv_field(out, v.as_string());
  }
  write_csv_field(out, text);
}

// A leading = + - @ would be run as a formula by spreadsheets; numbers may keep their sign.
void write_csv_field(std::string& out, std::string_view text) {
  auto const is_formula = !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos && !text::to_double(text);
  if (!is_formula && text.find_first_of(",\"\r\n;") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  if (is_formula) out += '\'';
  for (auto const c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void write_csv(std::string& out, std::vector<entity_ptr> const& entities, rendering const& r) {
  auto names = std::vector<symbol>();
  for (auto const& e : entities) {
    for (auto const& a : e->attributes) {
      if (r.projection.shows(*a) && std::find(names.begin(), names.end(), a->name) == names.end()) names.push_back(a->name);
    }
  }
  out += "id,type";
  for (auto const name : names) {
    for (auto const suffix : {"", " observedAt", " unitCode", " provenance"}) {
      out += ',';
      write_csv_field(out, std::string(r.names.compact(name)) + suffix);
    }
  }
  out += "\r\n";
  for (auto const& e : entities) {
    write_csv_field(out, e->id);
    out += ',';
    auto types = std::string();
    for (auto const t : e->types) types += (types.empty() ? "" : " ") + std::string(r.names.compact(t));
    write_csv_field(out, types);
    for (auto const name : names) {
      auto const a = e->find(name);
      if (!a || !r.projection.shows(*a)) {
        out += ",,,,";
        continue;
      }
      out += ',';
      write_csv_value(out, *a, r);
      out += ',';
      if (a->observed_at != no_time) out += to_string(a->observed_at);
      out += ',';
      write_csv_field(out, a->unit.text());
      out += ',';
      out += to_text(a->provenance);
    }
    out += "\r\n";
  }
}

}  // namespace dos::linked_data
