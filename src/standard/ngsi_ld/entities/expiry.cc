#include "standard/ngsi_ld/entities/expiry.h"

#include <algorithm>

#include "kernel/city/city.h"
#include "linked_data/entity_change.h"
#include "standard/ngsi_ld/registrations/registration.h"
#include "standard/ngsi_ld/subscriptions/notification.h"
#include "standard/ngsi_ld/vocabulary.h"

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

timestamp sooner(timestamp a, timestamp b) { return a == no_time ? b : b == no_time ? a : std::min(a, b); }

}  // namespace

timestamp first_end(attribute_fragment const& f) { return end_in(f.data.more); }

timestamp first_end(entity_fragment const& f) {
  auto first = end_in(f.more);
  for (auto const& a : f.attributes) first = sooner(first, first_end(a));
  return first;
}

void expiry::note(city const& c, ending const& e) {
  if (e.end == no_time) return;
  auto const held = std::lock_guard(lock_);
  auto const [it, is_new] = ends_.emplace(place(c.id(), e.id), e.end);
  if (!is_new) {
    if (it->second <= e.end) return;
    due_.erase({it->second, it->first});
    it->second = e.end;
  }
  due_.emplace(e.end, it->first);
}

void expiry::note_end_of(city const& c, entity const& e) {
  auto first = end_in(e.more);
  for (auto const& a : e.attributes) {
    if (!a->more.is_null()) first = sooner(first, end_in(a->more));
  }
  note(c, {e.id, first});
}

void expiry::note_all(std::shared_ptr<city> const& c) {
  program_.as_source(c, "ngsi_ld").for_each({}, [&](entity_ptr const& e) {
    note_end_of(*c, *e);
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
  auto due = std::vector<place>();
  {
    auto const held = std::lock_guard(lock_);
    auto const now = program_.clock.now();
    for (auto it = due_.begin(); it != due_.end() && it->first <= now; it = due_.erase(it)) {
      due.push_back(it->second);
      ends_.erase(it->second);
    }
  }
  // What cannot be written now is due again; other cities are not held up by it.
  for (auto const& [name, id] : due) {
    auto const c = program_.find_city(name);
    if (!c) continue;
    try {
      end_entity(c, id);
      if (auto const left = program_.as_source(c, "ngsi_ld").find(id)) note_end_of(*c, *left);
    } catch (fault const&) {
      note(*c, {id, program_.clock.now() + us_per_second});
    }
  }
  for (auto const& c : program_.cities) {
    try {
      end_registrations(c);
    } catch (fault const&) {  // the next sweep finds them
    }
  }
}

}  // namespace dos::ngsi_ld
