#include "devices/quarantine.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"

namespace dos {
namespace {

// One record that knows how many there are, so that a write need not look at them all.
constexpr auto bounds_key = std::string_view("bounds");

struct bounds {
  std::int64_t first = 1;  // no entry has a lower number
  std::int64_t next = 1;
  std::int64_t count = 0;
  std::int64_t bytes = 0;  // of their bodies
};

std::int64_t body_bytes(json::value const& record) {
  return std::int64_t(record.text_or("body", "").size() + record.text_or("bodyBase64", "").size());
}

bounds read_bounds(transaction const& t) {
  auto const record = t.find_record(quarantine_bounds_collection, bounds_key);
  if (!record) return {};
  auto const number = [&](std::string_view member) {
    auto const* const found = record->find(member);
    return found ? found->as_int() : 0;
  };
  return {.first = number("first"), .next = number("next"), .count = number("count"), .bytes = number("bytes")};
}

void write_bounds(transaction& t, bounds const& b) {
  t.put_record(quarantine_bounds_collection, bounds_key,
               json::object{{"first", b.first}, {"next", b.next}, {"count", b.count}, {"bytes", b.bytes}});
}

std::string key_of(std::int64_t number) {
  char key[24];
  std::snprintf(key, sizeof key, "%012lld", static_cast<long long>(number));
  return key;
}

void drop_oldest(transaction& t, bounds& b) {
  for (; b.first < b.next; ++b.first) {
    auto const key = key_of(b.first);
    auto const oldest = t.find_record(quarantine_collection, key);
    if (!oldest) continue;
    t.count(oldest->text_or("source", "quarantine"), tally::failed, 1, "quarantine_full");
    t.erase_record(quarantine_collection, key);
    --b.count;
    b.bytes = std::max<std::int64_t>(0, b.bytes - body_bytes(*oldest));
    ++b.first;
    return;
  }
  b.count = b.bytes = 0;
}

}  // namespace

json::value to_json(quarantined const& q) {
  auto o = json::object{{"time", to_string(q.time)}, {"source", q.source}, {"network", q.network}};
  if (!q.device.empty()) o.push("device", q.device);
  o.push("reason", q.reason);
  o.push("detail", q.detail);
  if (!q.event.empty()) o.push("event", q.event);
  // A record is JSON, a message may be any bytes.
  if (text::is_utf8(q.body)) {
    o.push("body", q.body);
  } else {
    o.push("bodyBase64", text::to_base64(q.body));
  }
  if (q.provenance != provenance::measured) o.push("provenance", to_text(q.provenance));
  if (q.cut) o.push("cut", true);
  if (q.frame_noted) o.push("frameNoted", true);
  if (!q.values_left.empty()) o.push("valuesLeft", json::array(q.values_left.begin(), q.values_left.end()));
  return o;
}

quarantined read_quarantined(json::value const& r) {
  auto const text = [&](std::string_view member) { return std::string(r.text_or(member, "")); };
  auto q = quarantined{.time = parse_timestamp(r.text_or("time", "")).value_or(no_time),
                       .source = text("source"),
                       .network = text("network"),
                       .device = text("device"),
                       .reason = text("reason"),
                       .detail = text("detail"),
                       .event = text("event"),
                       .body = text("body"),
                       .provenance = parse_provenance(text("provenance")).value_or(provenance::measured),
                       .cut = r.find("cut") != nullptr,
                       .frame_noted = r.find("frameNoted") != nullptr};
  if (auto const* left = r.find("valuesLeft"); left && left->is_array()) {
    for (auto const& name : left->as_array()) q.values_left.emplace_back(name.as_string());
  }
  if (r.find("bodyBase64")) q.body = text::from_base64(r.text_or("bodyBase64", "")).value_or("");
  return q;
}

std::string put_in_quarantine(transaction& t, quarantined q) {
  if (q.body.size() > quarantine_body_max) {
    q.body.resize(quarantine_body_max);
    q.cut = true;
  }
  auto const record = to_json(q);
  auto const bytes = body_bytes(record);
  auto b = read_bounds(t);
  while (b.count >= std::int64_t(quarantine_max) ||
         (b.count > 0 && b.bytes + bytes > std::int64_t(quarantine_bytes_max))) {
    drop_oldest(t, b);
  }
  auto const key = key_of(b.next);
  t.count(q.source, tally::rejected, 1, q.reason);
  t.put_record(quarantine_collection, key, record);
  ++b.next;
  ++b.count;
  b.bytes += bytes;
  write_bounds(t, b);
  return key;
}

bool take_from_quarantine(transaction& t, std::string_view key) {
  auto const record = t.find_record(quarantine_collection, key);
  if (!record) return false;
  t.erase_record(quarantine_collection, key);
  auto b = read_bounds(t);
  --b.count;
  b.bytes = std::max<std::int64_t>(0, b.bytes - body_bytes(*record));
  write_bounds(t, b);
  return true;
}

}  // namespace dos
