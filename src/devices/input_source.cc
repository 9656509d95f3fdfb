#include "devices/input_source.h"

namespace dos {
namespace {

// The list shows minutes; a record with every message would be as much to write as the message itself.
constexpr auto noted_every_us = 60 * us_per_second;

}  // namespace

json::value to_json(input_source const& s) {
  auto o = json::object{{"id", s.id}, {"kind", s.kind}, {"name", s.name}, {"state", s.state}};
  if (s.last_received != no_time) o.push("last_received", to_string(s.last_received));
  if (!s.url.empty()) o.push("url", s.url);
  if (!s.error.empty()) o.push("error", s.error);
  return o;
}

input_source read_input_source(json::value const& r) {
  auto const text = [&](std::string_view member) { return std::string(r.text_or(member, "")); };
  return {.id = text("id"),
          .kind = text("kind"),
          .name = text("name"),
          .state = text("state"),
          .last_received = parse_timestamp(r.text_or("last_received", "")).value_or(no_time),
          .url = text("url"),
          .error = text("error")};
}

void note_received(transaction& t, input_source const& described) {
  auto const record = t.find_record(input_source_collection, described.id);
  auto s = record ? read_input_source(*record) : described;
  if (s.state == "ok" && s.last_received != no_time && t.now() - s.last_received < noted_every_us) return;
  s.state = "ok";
  s.error.clear();
  s.last_received = t.now();
  t.put_record(input_source_collection, s.id, to_json(s));
}

}  // namespace dos
