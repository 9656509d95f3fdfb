#include <algorithm>
#include <numeric>

#include "base/log.h"
#include "kernel/city/city.h"
#include "standard/mqtt/broker.h"

namespace dos::broker {
namespace {

struct shared_filter {
  std::string group;  // empty: not shared
  std::string_view filter;
};

shared_filter split(std::string_view filter) {
  if (!net::mqtt::is_shared(filter)) return {{}, filter};
  auto const end = filter.find('/', 7);
  return {std::string(filter.substr(7, end - 7)), filter.substr(end + 1)};
}

// Between clients: viewers and up; a device what is below its own name.
bool may_subscribe(principal const& who, std::string_view filter) {
  if (who.may_read_all()) return true;
  return who.role == role::device && filter.starts_with("device/" + who.name + '/') &&
         who.name.find_first_of("+#/") == std::string::npos;
}

}  // namespace

void city_broker::plant(client_session& s, subscription const& sub) {
  auto const [group, filter] = split(sub.filter);
  tree_.add(filter, group, {&s, &sub});
}

void city_broker::uproot(client_session& s, subscription& sub) {
  if (sub.handle) dropped_.push_back(std::exchange(sub.handle, nullptr));
  if (sub.space) return;
  auto const [group, filter] = split(sub.filter);
  tree_.remove(filter, group, &s);
  if (!group.empty()) turns_.erase(sub.filter);
}

void city_broker::subscribe(std::shared_ptr<client> const& c, net::mqtt::subscribe const& wanted) {
  auto g = guard(*this);
  if (c->session->connected != c) return;
  auto const s = c->session;
  auto answer = net::mqtt::suback{.id = wanted.id};
  auto targets = std::vector<target>();
  for (auto const& one : wanted.subscriptions) {
    auto const r = subscribe_one(g, *c, one, wanted.identifier, targets);
    answer.reasons.push_back(r >= 0x80 && !c->is_v5() ? 0x80 : r);
  }
  if (s->dropped) return;
  auto changes = std::vector<record_change>();
  auto kept = std::vector<target>();
  for (auto& t : targets) {
    auto const m = t.what.what;
    auto one = std::vector<target>{std::move(t)};
    make_durable(m, one, changes);
    std::move(one.begin(), one.end(), std::back_inserter(kept));
  }
  if (s->is_lasting()) changes.push_back({session_collection, s->id, to_json(*s, no_time)});
  auto reply = [this, c, answer, kept](bool done) mutable {
    if (!done) c->peer->close(unspecified_error);
    else c->peer->send(answer);
    for (auto& t : kept) {
      if (done) enqueue(std::move(t));
      else if (t.number) --t.who->coming;
    }
  };
  if (changes.empty()) reply(true);
  else write(std::move(changes), reply);
}

// MQTT 5.0, 3.8.4
std::uint8_t city_broker::subscribe_one(guard& g, client& c, net::mqtt::subscription const& wanted,
                                        std::uint32_t identifier, std::vector<target>& retained) {
  auto const s = c.session;
  auto const [group, filter] = split(wanted.filter);
  if (filter.size() > limits().topic_bytes_max ||
      std::size_t(std::count(filter.begin(), filter.end(), '/')) >= limits().topic_levels_max)
    return topic_filter_invalid;
  auto const before = s->subscriptions.find(wanted.filter);
  auto const is_new = before == s->subscriptions.end();
  if (is_new && s->subscriptions.size() >= limits().subscriptions_max) return quota_exceeded;
  auto const add_size = [](std::size_t n, auto const& one) { return n + one.first.size(); };
  auto const filters_bytes = std::accumulate(s->subscriptions.begin(), s->subscriptions.end(), std::size_t(0), add_size);
  if (is_new && filters_bytes + wanted.filter.size() > limits().filters_bytes_max) return quota_exceeded;
  auto const sub = std::make_shared<subscription>();
  *sub = {.filter = wanted.filter,
          .qos = wanted.qos,
          .no_local = wanted.no_local,
          .retain_as_published = wanted.retain_as_published,
          .identifier = identifier};
  auto const where = find_place(filter);
  if (where.space) {
    if (!group.empty()) return shared_subscriptions_not_supported;
    if (!may_enter(c.who, *where.city)) return not_authorized;
    sub->position = where.city->status().position;
    g.unlock();
    auto handle = std::shared_ptr<void>();
    auto refused = std::uint8_t(0);
    try {
      handle = open_space(where, s, sub);
    } catch (fault const& f) {
      refused = f.kind == fault_kind::invalid ? topic_filter_invalid : reason_of(f);
    }
    g.lock();
    if (refused) return refused;
    sub->handle = std::move(handle);
  } else {
    if (!may_subscribe(c.who, filter)) return not_authorized;
    if (is_hidden(c.who, filter)) return unspecified_error;  // nobody is told why
  }
  if (s->dropped) {
    if (sub->handle) dropped_.push_back(sub->handle);
    return unspecified_error;
  }
  auto& place_of_it = s->subscriptions[wanted.filter];
  if (place_of_it) uproot(*s, *place_of_it);
  place_of_it = sub;
  if (where.space) return wanted.qos;
  plant(*s, *sub);
  auto const wants_retained = wanted.retain_handling == 0 || (wanted.retain_handling == 1 && is_new);
  if (group.empty() && wants_retained) collect_retained(s, *sub, retained);
  return wanted.qos;
}

void city_broker::collect_retained(std::shared_ptr<client_session> const& s, subscription const& sub,
                                   std::vector<target>& to) {
  auto const filter = std::string_view(sub.filter);
  auto const wildcard = filter.find_first_of("+#");
  auto const whole = filter.substr(0, wildcard);
  // Topics that begin like this stand together; "a/#" means "a" as well.
  auto const prefix = wildcard == filter.npos ? whole : whole.substr(0, whole.empty() ? 0 : whole.size() - 1);
  auto const t = now();
  for (auto it = retained_.lower_bound(prefix); it != retained_.end() && it->first.starts_with(prefix); ++it) {
    if (it->second->expires <= t || !net::mqtt::matches(filter, it->first) || is_hidden(s->owner, it->first)) continue;
    auto d = delivery{.what = it->second, .qos = std::min(sub.qos, it->second->qos), .retain = true};
    if (sub.identifier) d.identifiers = {sub.identifier};
    to.push_back({s, 0, std::move(d)});
  }
}

std::shared_ptr<void> city_broker::open_space(place const& where, std::shared_ptr<client_session> const& s,
                                              std::shared_ptr<subscription> const& sub) {
  sub->space = where.space;
  auto who = s->connected ? s->connected->who : s->owner;
  return where.space->subscribe(dos::session(where.city, std::move(who)), where.rest, sub->position,
                                [weak = weak_from_this(), session = std::weak_ptr(s), subscribed = std::weak_ptr(sub),
                                 prefix = where.prefix](topic_message m) {
                                  if (auto const self = weak.lock()) self->told(session, subscribed, prefix, std::move(m));
                                });
}

void city_broker::told(std::weak_ptr<client_session> const& session, std::weak_ptr<subscription> const& subscribed,
                       std::string const& prefix, topic_message m) {
  auto const s = session.lock();
  auto const sub = subscribed.lock();
  if (!s || !sub) return;
  auto const g = guard(*this);
  if (s->dropped || stopped_) return;
  sub->position = m.position;
  auto const what = shelf_.keep(
      message{.topic = prefix + m.topic, .payload = std::move(m.payload), .qos = sub->qos});
  auto d = delivery{.what = what, .qos = sub->qos};
  if (sub->identifier) d.identifiers = {sub->identifier};
  auto targets = std::vector<target>{{s, 0, std::move(d)}};
  auto changes = std::vector<record_change>();
  make_durable(what, targets, changes);
  if (targets.empty()) return;
  if (changes.empty()) return enqueue(std::move(targets.front()));
  changes.push_back({position_collection, position_key(s->id, sub->filter),
                     json::object({{"position", std::int64_t(m.position)}})});
  write(std::move(changes), [this, targets](bool done) mutable {
    if (done) enqueue(std::move(targets.front()));
    else --targets.front().who->coming;
  });
}

void city_broker::unsubscribe(std::shared_ptr<client> const& c, net::mqtt::unsubscribe const& u) {
  auto const g = guard(*this);
  auto& s = *c->session;
  if (s.connected != c) return;
  auto answer = net::mqtt::suback{.id = u.id, .of_unsubscribe = true};
  for (auto const& filter : u.filters) {
    auto const it = s.subscriptions.find(filter);
    answer.reasons.push_back(it == s.subscriptions.end() ? no_subscription_existed : success);
    if (it == s.subscriptions.end()) continue;
    uproot(s, *it->second);
    if (s.is_lasting() && it->second->space) erase(position_collection, position_key(s.id, filter));
    s.subscriptions.erase(it);
  }
  auto const reply = [peer = c->peer, answer](bool done) {
    if (done) peer->send(answer);
    else peer->close(unspecified_error);
  };
  if (s.is_lasting()) write({{session_collection, s.id, to_json(s, no_time)}}, reply);
  else reply(true);
}

}  // namespace dos::broker
