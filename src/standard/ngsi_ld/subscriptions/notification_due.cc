// Notifications that do not come from the kernel's outbox: of registrations, and those with timeInterval. ETSI GS CIM 009, 5.11.7
#include <algorithm>

#include "base/fault.h"
#include "base/log.h"
#include "kernel/city/city.h"
#include "standard/ngsi_ld/entities/entity_query.h"
#include "standard/ngsi_ld/registrations/registration.h"
#include "standard/ngsi_ld/subscriptions/notification.h"
#include "standard/ngsi_ld/subscriptions/notification_message.h"

namespace dos::ngsi_ld {
namespace {

constexpr std::size_t periodic_entities_max = 1'000;
constexpr auto pause_max_us = 300 * us_per_second;

registration_query registration_query_of(subscription const& s) {
  auto q = registration_query();
  q.which.selectors = s.watch.selectors;
  q.which.attributes = s.watch.attributes;
  q.which.filter = s.watch.filter;
  q.when = s.when;
  return q;
}

std::string state_key(std::string_view collection, std::string_view key) { return std::string(collection) + '\n' + std::string(key); }

// Keys of changes begin with moments, as wide as each other, so that their order is that of the writes.
std::string change_key(timestamp t, std::string_view id) {
  auto const digits = std::to_string(t.us);
  return std::string(20 - std::min<std::size_t>(20, digits.size()), '0') + digits + "-" + std::string(id);
}

std::string last_change(city const& c) {
  auto last = std::string();
  c.for_each_record(registration_change_collection, "", [&](std::string_view key, record_ptr const&) {
    last = key;
    return true;
  });
  return last;
}

timestamp time_in(json::value const& v, std::string_view member) { return parse_timestamp(v.text_or(member, "")).value_or(no_time); }

std::uint64_t count_in(json::value const& v, std::string_view member) {
  auto const* n = v.find(member);
  return n != nullptr && n->is_int() ? std::uint64_t(n->as_int()) : 0;
}

std::vector<json::value> matching_registrations(city const& c, registration_query const& q, timestamp now) {
  auto bodies = std::vector<json::value>();
  c.for_each_record(registration_collection, "", [&](std::string_view, record_ptr const& r) {
    auto const& body = *r->find("body");
    if (!is_expired_registration(body, now) && matches(q, body)) bodies.push_back(only_matching(q, body));
    return true;
  });
  return bodies;
}

}  // namespace

void notifier::keep_change(transaction& t, json::value const& before, json::value const& after) {
  auto const id = (after.is_null() ? before : after).text_or("id", "");
  t.put_record(registration_change_collection, change_key(t.now(), id), json::object{{"before", before}, {"after", after}});
}

void notifier::forget(transaction& t, std::string_view collection, std::string_view key) {
  auto const state = state_key(collection, key);
  if (t.find_record(notification_state_collection, state)) t.erase_record(notification_state_collection, state);
}

notifier::progress& notifier::progress_of(due_subscription const& d) {
  return progress_[d.city->id() + '\n' + state_key(d.collection, d.key)];
}

bool notifier::begin(due_subscription const& d) {
  auto const held = std::lock_guard(lock_);
  auto& p = progress_of(d);
  if (p.is_sending || (p.next_try != no_time && service_->program.clock.now() < p.next_try)) return false;
  p.is_sending = true;
  return true;
}

void notifier::end(due_subscription const& d, sent const& result) {
  auto const held = std::lock_guard(lock_);
  auto& p = progress_of(d);
  p.is_sending = false;
  p.kept = {};
  if (result.ok) {
    p.failed_in_a_row = 0;
    p.next_try = no_time;
  } else {
    auto const pause = std::min(us_per_second << std::min(p.failed_in_a_row++, 9u), pause_max_us);
    p.next_try = service_->program.clock.now() + pause;
  }
}

// Sends, then keeps with the city what has become of it: `state` where it went well, else what was there before.
void notifier::send_and_note(due_subscription const& d, std::shared_ptr<message> m, json::object state) {
  m->city = d.city;
  m->key = d.key;
  m->record = d.record;
  m->done = [self = shared_from_this(), d, state = std::move(state)](sent const& result) mutable {
    auto const now = to_string(self->service_->program.clock.now());
    auto const key = state_key(d.collection, d.key);
    auto const old = d.city->find_record(notification_state_collection, key);
    auto next = result.ok ? std::move(state) : json::object{{"done", old ? old->text_or("done", "") : std::string_view()}};
    auto const before = old ? *old : json::value(json::object());
    if (!result.ok && before.find("due") != nullptr) next["due"] = *before.find("due");
    if (!result.ok && !old) next["is_new"] = true;
    next["timesSent"] = count_in(before, "timesSent") + 1;
    next["timesFailed"] = count_in(before, "timesFailed") + (result.ok ? 0 : 1);
    next["failedInARow"] = result.ok ? 0 : count_in(before, "failedInARow") + 1;
    next["lastNotification"] = now;
    for (auto const member : {"lastSuccess", "lastFailure", "lastError"}) {
      if (auto const* v = before.find(member); v != nullptr) next[member] = *v;
    }
    next[result.ok ? "lastSuccess" : "lastFailure"] = now;
    if (!result.ok) next["lastError"] = result.error;
    {
      auto const held = std::lock_guard(self->lock_);
      self->progress_of(d).kept = json::value(next);
    }
    auto const goes_on = result.ok && d.collection == registration_subscription_collection;
    auto const finish = [self, d, result, goes_on](outcome const&) {
      self->end(d, result);
      if (goes_on) self->tell_changes(d);
    };
    try {
      self->service_->program.as_source(d.city, "ngsi_ld").submit(
          [d, key, next = json::value(std::move(next))](transaction& t) {
            if (t.find_record(d.collection, d.key)) t.put_record(notification_state_collection, key, next);
          },
          finish);
    } catch (fault const& f) {
      self->end(d, {false, f.detail, 0});
    }
  };
  deliver(std::move(m));
}

void notifier::tell_changes(due_subscription const& d) {
  auto const now = service_->program.clock.now();
  if (subscription_state(*d.city, *d.record, now) != "active") {  // what happens meanwhile is not told later
    auto const held = std::lock_guard(lock_);
    if (!progress_of(d).is_sending) progress_of(d).looked_at = last_change(*d.city);
    return;
  }
  if (!begin(d)) return;
  auto m = std::make_shared<message>();
  m->what = read_subscription(*d.record);
  auto const q = registration_query_of(m->what);
  auto const state = d.city->find_record(notification_state_collection, state_key(d.collection, d.key));
  auto done = state ? std::string(state->text_or("done", "")) : std::string();
  if (!state || state->find("is_new") != nullptr) {
    // The first one tells what there is; changes from here on follow.
    done = last_change(*d.city);
    m->registrations = matching_registrations(*d.city, q, now);
    m->trigger_reason = "newlyMatching";
    if (!m->registrations.empty()) return send_and_note(d, std::move(m), {{"done", done}});
  }
  {
    auto const held = std::lock_guard(lock_);
    done = std::max(done, progress_of(d).looked_at);
  }
  d.city->for_each_record(registration_change_collection, done + " ", [&](std::string_view key, record_ptr const& change) {
    auto const &before = *change->find("before"), &after = *change->find("after");
    auto const did = !before.is_null() && matches(q, before);
    auto const does = !after.is_null() && matches(q, after);
    done = key;
    if (!did && !does) return true;
    m->registrations = {only_matching(q, does ? after : before)};
    m->trigger_reason = !does ? "noLongerMatching" : did ? "updated" : "newlyMatching";
    return false;
  });
  if (!m->registrations.empty()) return send_and_note(d, std::move(m), {{"done", done}});
  {
    auto const held = std::lock_guard(lock_);
    progress_of(d).looked_at = done;
  }
  end(d, {true, {}, 0});
}

void notifier::tell_interval(due_subscription const& d) {
  auto const now = service_->program.clock.now();
  if (subscription_state(*d.city, *d.record, now) != "active") return;
  auto const state = d.city->find_record(notification_state_collection, state_key(d.collection, d.key));
  auto const of_registrations = d.collection == registration_subscription_collection;
  auto m = std::make_shared<message>();
  m->what = read_subscription(*d.record);
  auto due = state ? time_in(*state, "due") : no_time;
  if (due == no_time) due = of_registrations ? now : time_in(*d.record, "createdAt") + m->what.interval_us;
  if (now < due || !begin(d)) return;
  if (of_registrations) {
    m->registrations = matching_registrations(*d.city, registration_query_of(m->what), now);
    m->trigger_reason = "newlyMatching";
  } else {
    m->what.query.limit = periodic_entities_max;
    add_filter(m->what.query, linked_condition(m->what, session(d.city, m->what.watch.who)));
    for (auto& e : session(d.city, m->what.watch.who).find(m->what.query).entities) m->entities.push_back({std::move(e), {}, {}});
  }
  if (m->registrations.empty() && m->entities.empty()) return end(d, {true, {}, 0});
  // Times missed while nothing ran are told once, not one by one.
  auto const periods = (now - due) / m->what.interval_us + 1;
  auto const next = due + periods * m->what.interval_us;
  send_and_note(d, std::move(m), {{"done", ""}, {"due", to_string(next)}});
}

void notifier::send_changes(std::shared_ptr<city> const& c) {
  c->for_each_record(registration_subscription_collection, "", [&](std::string_view key, record_ptr const& record) {
    auto const d = due_subscription{c, registration_subscription_collection, std::string(key), record};
    if (record->find("body")->find("timeInterval") != nullptr) tell_interval(d);
    else tell_changes(d);
    return true;
  });
}

// Changes that everybody has been told go, and the oldest beyond the limit.
void notifier::remove_told(std::shared_ptr<city> const& c) {
  auto const count = c->record_count(registration_change_collection);
  if (count == 0) return;
  auto least = last_change(*c);
  c->for_each_record(registration_subscription_collection, "", [&](std::string_view key, record_ptr const& record) {
    if (record->find("body")->find("timeInterval") != nullptr) return true;
    auto const d = due_subscription{c, registration_subscription_collection, std::string(key), record};
    auto const state = c->find_record(notification_state_collection, state_key(d.collection, key));
    auto done = state ? std::string(state->text_or("done", "")) : std::string();
    {
      auto const held = std::lock_guard(lock_);
      done = std::max(done, progress_of(d).looked_at);
    }
    least = std::min(least, done);
    return true;
  });
  auto gone = std::vector<std::string>();
  auto at = std::size_t(0);
  c->for_each_record(registration_change_collection, "", [&](std::string_view key, record_ptr const&) {
    auto const is_beyond = ++at + registration_changes_max <= count;
    if (key > least && !is_beyond) return false;
    gone.emplace_back(key);
    return true;
  });
  if (gone.empty()) return;
  if (gone.back() > least) {
    log::warning("changes of registrations were dropped before every subscriber was told", {{"city", c->id()}, {"last", gone.back()}});
  }
  service_->program.as_source(c, "ngsi_ld").try_submit(
      [gone](transaction& t) {
        for (auto const& key : gone) {
          if (t.find_record(registration_change_collection, key)) t.erase_record(registration_change_collection, key);
        }
      },
      [](outcome const&) {});
}

void notifier::send_due() {
  auto const one = [this](due_subscription const& d) {
    try {
      tell_interval(d);
    } catch (std::exception const& e) {  // others are not held up by it
      log::warning("a subscriber could not be told", {{"subscription", d.key}, {"reason", e.what()}});
    }
  };
  for (auto const& c : service_->program.cities) {
    send_changes(c);
    c->for_each_record(subscription_collection, "", [&](std::string_view key, record_ptr const& record) {
      if (record->find("body")->find("timeInterval") != nullptr) one({c, subscription_collection, std::string(key), record});
      return true;
    });
    remove_told(c);
  }
}

subscription_status notifier::status(city& c, std::string_view collection, std::string_view key, bool is_periodic) const {
  if (!is_periodic) return c.subscriptions().status(collection, key);
  auto out = subscription_status();
  auto state = json::value();
  {
    auto const held = std::lock_guard(lock_);
    auto const it = progress_.find(c.id() + '\n' + state_key(collection, key));
    if (it != progress_.end()) state = it->second.kept;
  }
  if (state.is_null()) {
    auto const record = c.find_record(notification_state_collection, state_key(collection, key));
    if (!record) return out;
    state = *record;
  }
  out.times_sent = count_in(state, "timesSent");
  out.times_failed = count_in(state, "timesFailed");
  out.failed_in_a_row = count_in(state, "failedInARow");
  out.last_notification = time_in(state, "lastNotification");
  out.last_success = time_in(state, "lastSuccess");
  out.last_failure = time_in(state, "lastFailure");
  out.last_error = state.text_or("lastError", "");
  return out;
}

}  // namespace dos::ngsi_ld
