#include "standard/ngsi_ld/expiry.h"

#include <algorithm>

#include "kernel/session/city.h"
#include "standard/ngsi_ld/entity_change.h"
#include "standard/ngsi_ld/notification.h"
#include "standard/ngsi_ld/registration.h"

namespace dos::ngsi_ld {
namespace {

timestamp end_in(json::value const& more) { return parse_timestamp(more.text_or("expiresAt", "")).value_or(no_time); }

bool is_over(json::value const& more, timestamp now) {
  auto const end = end_in(more);
  return end != no_time && end <= now;
}

// The state without the attributes that are over, and without their history.
void end_attributes(transaction& t, entity const& e) {
  auto next = e;
  auto const over = [&](attribute_ptr const& a) { return is_over(a->more, t.now()); };
  auto gone = std::vector<attribute_ptr>();
  std::copy_if(e.attributes.begin(), e.attributes.end(), std::back_inserter(gone), over);
  if (gone.empty()) return;
  std::erase_if(next.attributes, over);
  t.put(std::move(next), transaction::keep::nothing);
  for (auto const& s : t.series_of(e.id)) {
    auto const is_mine = [&](attribute_ptr const& a) { return a->name == s.attribute && a->dataset == s.dataset; };
    if (std::any_of(gone.begin(), gone.end(), is_mine)) t.remove_series(e.id, s.series);
  }
}

}  // namespace

void expiry::note(city const& c, std::string_view id, timestamp end) {
  if (end == no_time) return;
  auto const held = std::lock_guard(lock_);
  ends_.emplace(end, std::pair(c.id(), std::string(id)));
}

void expiry::note(city const& c, std::string_view id, attribute_fragment const& f) { note(c, id, end_in(f.data.more)); }

void expiry::note(city const& c, std::string_view id, entity_fragment const& f) {
  note(c, id, end_in(f.more));
  for (auto const& a : f.attributes) note(c, id, a);
}

void expiry::note_all(std::shared_ptr<city> const& c) {
  program_.as_source(c, "ngsi_ld").for_each({}, [&](entity_ptr const& e) {
    note(*c, e->id, end_in(e->more));
    for (auto const& a : e->attributes) {
      if (!a->more.is_null()) note(*c, e->id, end_in(a->more));
    }
    return true;
  });
}

void expiry::end_entity(std::shared_ptr<city> const& c, std::string const& id) {
  program_.as_source(c, "ngsi_ld").apply([&](transaction& t) {
    auto const e = t.find(id);
    if (!e || e->deleted_at != no_time) return;
    if (is_over(e->more, t.now())) return t.erase(id);
    end_attributes(t, *e);
  });
}

void expiry::end_registrations(std::shared_ptr<city> const& c) {
  auto over = std::vector<std::string>();
  auto const now = program_.clock.now();
  c->for_each_record(registration_collection, "", [&](std::string_view key, record_ptr const& record) {
    if (is_expired_registration(*record->find("body"), now)) over.emplace_back(key);
    return true;
  });
  if (over.empty()) return;
  program_.as_source(c, "ngsi_ld").apply([&](transaction& t) {
    for (auto const& key : over) {
      auto const record = t.find_record(registration_collection, key);
      if (!record || !is_expired_registration(*record->find("body"), t.now())) continue;
      notifier::keep_change(t, *record->find("body"), {});
      t.erase_record(registration_collection, key);
    }
  });
}

void expiry::sweep() {
  if (!std::exchange(has_begun_, true)) {
    for (auto const& c : program_.cities) note_all(c);
  }
  auto due = std::vector<std::pair<std::string, std::string>>();
  {
    auto const held = std::lock_guard(lock_);
    auto const end = ends_.upper_bound(program_.clock.now());
    for (auto it = ends_.begin(); it != end; ++it) due.push_back(std::move(it->second));
    ends_.erase(ends_.begin(), end);
  }
  for (auto const& [name, id] : due) {
    if (auto const c = program_.find_city(name)) end_entity(c, id);
  }
  for (auto const& c : program_.cities) end_registrations(c);
}

}  // namespace dos::ngsi_ld
