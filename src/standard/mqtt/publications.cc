#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "base/work_budget.h"
#include "kernel/city/city.h"
#include "standard/mqtt/broker.h"

namespace dos::broker {
namespace {

// "device/NAME/…" belongs to the device whose token has that name, and to editors.
bool belongs_to_another_device(principal const& who, std::string_view topic) {
  if (who.role != role::device || !topic.starts_with("device/")) return false;
  auto const rest = topic.substr(7);
  return !rest.starts_with(who.name) || (rest.size() > who.name.size() && rest[who.name.size()] != '/');
}

}  // namespace

city_broker::place city_broker::find_place(std::string_view topic) const {
  auto result = place();
  result.city = city_;
  auto rest = topic;
  if (auto const named = listener_.n->find_city(topic.substr(0, topic.find('/'))); named && topic.find('/') != topic.npos) {
    result.city = named;
    rest = topic.substr(topic.find('/') + 1);
  }
  for (auto const& s : listener_.spaces) {
    if (!rest.starts_with(s.prefix) || (rest.size() > s.prefix.size() && rest[s.prefix.size()] != '/')) continue;
    result.space = &s;
    result.rest = rest;
    result.prefix = topic.substr(0, topic.size() - rest.size());
    return result;
  }
  result.city = city_;
  return result;
}

bool city_broker::is_hidden(principal const& who, std::string_view topic_or_filter) const {
  auto const& all = limits().publish_only;
  return !who.may_administer() && std::any_of(all.begin(), all.end(), [&](auto const& filter) {
    return net::mqtt::matches(filter, topic_or_filter);
  });
}

bool city_broker::may_enter(principal const& who, dos::city const& c) const {
  return c.id() == city_->id() || (who.is_at_home_in(c.id()) && !c.is_over(who, now()));
}

reason city_broker::check(client const& c, net::mqtt::publish const& p, place const& where) const {
  if (p.topic.size() > limits().topic_bytes_max ||
      std::size_t(std::count(p.topic.begin(), p.topic.end(), '/')) >= limits().topic_levels_max)
    return topic_name_invalid;
  if (p.properties.payload_is_text == 1 && !text::is_utf8(p.payload)) return payload_format_invalid;
  if (where.space) return may_enter(c.who, *where.city) ? success : not_authorized;
  if (!c.who.may_write() || belongs_to_another_device(c.who, p.topic)) return not_authorized;
  return may_retain(p) ? success : quota_exceeded;
}

bool city_broker::may_retain(net::mqtt::publish const& p) const {
  if (!p.retain || p.payload.empty()) return true;
  auto const before = retained_.find(p.topic);
  auto const is_there = before != retained_.end();
  auto const others = retained_bytes_ - (is_there ? bytes_of(*before->second) : 0);
  return (is_there || retained_.size() < limits().retained_max) && others + p.topic.size() + p.payload.size() <= limits().retained_bytes_max;
}

void city_broker::set_retained(std::string const& topic, message_ptr m) {
  if (auto const it = retained_.find(topic); it != retained_.end()) {
    retained_bytes_ -= bytes_of(*it->second);
    retained_.erase(it);
  }
  if (!m || m->payload.empty()) return;
  retained_bytes_ += bytes_of(*m);
  retained_.emplace(topic, std::move(m));
}

// MQTT 5.0, 3.3.4 and 4.3
void city_broker::publish(std::shared_ptr<client> const& c, net::mqtt::publish p) {
  auto g = guard(*this);
  auto& s = *c->session;
  if (s.connected != c) return;
  ++counts_.received;
  if (p.qos == 2) {
    if (auto const it = s.received.find(p.id); it != s.received.end()) {
      if (it->second == reception::done) c->peer->send(net::mqtt::ack{net::mqtt::ack_kind::pubrec, p.id, 0});
      return;
    }
  }
  if (p.qos > 0 && c->is_v5() && c->unacknowledged + s.received.size() >= limits().receive_max)
    return c->peer->close(receive_maximum_exceeded);
  auto const w = std::make_shared<pending_publish>();
  w->qos = p.qos;
  w->id = p.id;
  if (p.qos == 1) ++c->unacknowledged;
  if (p.qos == 2) s.received[p.id] = reception::pending;
  w->bytes = p.payload.size();
  c->pending_bytes += w->bytes;
  c->pending.push_back(w);
  if (c->pending.size() >= limits().receive_max || c->pending_bytes >= limits().pending_bytes_max) hold_back(*c);
  auto where = find_place(p.topic);
  if (auto const r = check(*c, p, where); r != success) {
    ++counts_.refused;
    w->reason = r;
    w->ready = true;
    return answer_pending(*c);
  }
  if (where.space) {
    auto attempt = [this, c, w, where, payload = std::move(p.payload)](guard& held) {
      try_space(held, c, w, where, payload);
    };
    if (c->stalled.empty() && !c->retrying) attempt(g);
    else stall(c, std::move(attempt));
    return;
  }
  w->what = shelf_.keep(make_message(std::move(p), s.id, now()));
  if (c->stalled.empty() && !c->retrying) try_clients(c, w);
  else stall(c, [this, c, w](guard&) { try_clients(c, w); });
}

void city_broker::try_space(guard& g, std::shared_ptr<client> const& c, std::shared_ptr<pending_publish> const& p,
                            place const& where, std::string const& payload) {
  auto const done = [self = shared_from_this(), c, p, where, payload](std::optional<fault> const& f) {
    if (!f || f->kind != fault_kind::too_many) return self->finished(c, p, f);
    auto const held = guard(*self);
    self->stall(c, [self = self.get(), c, p, where, payload](guard& again) { self->try_space(again, c, p, where, payload); });
  };
  g.unlock();
  try {
    auto const paying = pays_for_names(c->who.names.get());
    auto budget = work_budget({}, payload.size());
    auto const used = work_budget::in_use(budget);
    where.space->publish(dos::session(where.city, c->who), where.rest, payload, done);
  } catch (fault const& f) {
    done(f);
  }
  g.lock();
}

void city_broker::try_clients(std::shared_ptr<client> const& c, std::shared_ptr<pending_publish> const& p) {
  auto& s = *c->session;
  auto changes = std::vector<record_change>();
  p->targets = route(*p->what);
  make_durable(p->what, p->targets, changes);
  slow_down(c, p->targets);
  if (p->what->retain) retain(p->what, changes);
  if (p->qos == 2 && s.is_lasting()) changes.push_back({received_collection, received_key(s.id, p->id), json::object()});
  if (changes.empty()) {
    p->ready = true;
    return answer_pending(*c);
  }
  try {
    dos::session(city_, c->who)
        .submit([changes = std::move(changes)](transaction& t) { put_changes(t, changes); },
                [self = shared_from_this(), c, p](outcome const& o) { self->finished(c, p, o.refused); }, {.bytes = 2 * p->bytes});
  } catch (fault const& f) {
    for (auto const& t : p->targets) {
      if (t.number) --t.who->coming;
    }
    if (f.kind == fault_kind::too_many) return stall(c, [this, c, p](guard&) { try_clients(c, p); });
    p->reason = reason_of(f);
    p->is_passing = is_passing(f);
    p->ready = true;
    answer_pending(*c);
  }
}

void city_broker::stall(std::shared_ptr<client> const& c, std::function<void(guard&)> attempt) {
  c->stalled.push_back(std::move(attempt));
  stalled_.insert(c);
  hold_back(*c);
}

void city_broker::retry_stalled(guard& g) {
  for (auto const& c : std::exchange(stalled_, {})) {
    c->retrying = true;
    for (auto const& attempt : std::exchange(c->stalled, {})) attempt(g);
    c->retrying = false;
    answer_pending(*c);
  }
}

void city_broker::finished(std::shared_ptr<client> const& c, std::shared_ptr<pending_publish> const& p,
                           std::optional<fault> const& f) {
  auto const g = guard(*this);
  p->ready = true;
  if (f) {
    ++counts_.refused;
    p->reason = reason_of(*f);
    p->is_passing = is_passing(*f);
    log::write(log::level::debug, "an MQTT message was refused", {{"client", c->session->client_id}, {"reason", f->detail}});
  }
  answer_pending(*c);
}

// In the order in which they came. 4.6
void city_broker::answer_pending(client& c) {
  while (!c.pending.empty() && c.pending.front()->ready) {
    auto const p = std::move(c.pending.front());
    c.pending.pop_front();
    c.pending_bytes -= p->bytes;
    if (p->reason == success && p->what && p->what->retain) set_retained(p->what->topic, p->what);
    for (auto& t : p->targets) {
      if (p->reason == success) enqueue(std::move(t));
      else if (t.number) --t.who->coming;
    }
    answer(c, *p);
  }
  if (c.held && c.stalled.empty() && !c.retrying && c.against_crowds < crowd_messages_max() &&
      c.pending.size() <= limits().receive_max / 2 && c.pending_bytes <= limits().pending_bytes_max / 2) {
    c.held = false;
    c.peer->pause(false);
  }
}

void city_broker::answer(client& c, pending_publish const& p) {
  if (p.qos == 0) return;
  auto& s = *c.session;
  // 3.1.1 has no refusal: what can never work is acknowledged, what may work later is not. 3.3.5.2
  auto const passes = p.is_passing && !c.is_v5();
  auto const kind = p.qos == 1 ? net::mqtt::ack_kind::puback : net::mqtt::ack_kind::pubrec;
  auto const is_taken = p.reason == success || (!c.is_v5() && !passes);
  if (p.qos == 1) --c.unacknowledged;
  if (p.qos == 2 && is_taken) s.received[p.id] = reception::done;
  if (p.qos == 2 && !is_taken) s.received.erase(p.id);
  if (passes) return c.peer->close(0);
  // The client may have come back meanwhile.
  auto const& to = p.qos == 2 && s.connected ? s.connected->peer : c.peer;
  auto const a = net::mqtt::ack{kind, p.id, p.reason};
  if (p.qos < 2 || p.what || p.reason != success || !s.is_lasting()) {
    to->send(a);
    return;
  }
  // A module has stored the message; that it has come once is noted after it.
  write({{received_collection, received_key(s.id, p.id), json::object()}}, [to, a](bool done) {
    if (done) to->send(a);
    else to->close(unspecified_error);
  });
}

// Whoever floods a reader that is there, but far behind, is read no faster than so many messages a tick: the reader gets
// the time to catch up before its queue is full. Those who publish little notice nothing.
void city_broker::slow_down(std::shared_ptr<client> const& c, std::vector<target> const& targets) {
  auto const is_crowded = [&](target const& t) {
    auto const& s = *t.who;
    return t.what.qos > 0 && s.connected && (s.queue.size() + s.coming >= limits().queue_messages_max / 2 ||
                                             s.bytes >= limits().queue_bytes_max / 2);
  };
  if (std::none_of(targets.begin(), targets.end(), is_crowded) || ++c->against_crowds < crowd_messages_max()) return;
  hold_back(*c);
  slowed_.insert(c);
}

void city_broker::hold_back(client& c) {
  if (std::exchange(c.held, true)) return;
  c.peer->pause(true);
}

std::vector<target> city_broker::route(message const& m) {
  struct wanted {
    std::uint8_t qos = 0;
    bool retain = false;
    std::vector<std::uint32_t> identifiers;
  };
  // One message for all matching subscriptions of a client; each shared one stands for itself. 3.3.4, 4.8.2
  auto all = std::map<std::pair<client_session*, subscription const*>, wanted>();
  tree_.match(
      m.topic,
      [&](topic_tree::entry const& e) {
        if ((e.what->no_local && e.who->id == m.from) || is_hidden(e.who->owner, m.topic)) return;
        auto& w = all[{e.who, net::mqtt::is_shared(e.what->filter) ? e.what : nullptr}];
        w.qos = std::max(w.qos, std::min(e.what->qos, m.qos));
        w.retain = w.retain || (e.what->retain_as_published && m.retain);
        if (e.what->identifier) w.identifiers.push_back(e.what->identifier);
      },
      [&](std::vector<topic_tree::entry> const& members) {
        auto& turn = turns_[members.front().what->filter];
        for (auto i = std::size_t{0}; i < members.size(); ++i) {  // rather one who is there
          auto const& e = members[(turn + i) % members.size()];
          if (!e.who->connected) continue;
          turn += i + 1;
          return e;
        }
        return members[turn++ % members.size()];
      });
  auto result = std::vector<target>();
  for (auto& [key, w] : all) {
    auto const s = find_session(key.first->id);
    if (w.qos == 0 && !s->connected) continue;
    result.push_back({s, 0, {.what = {}, .qos = w.qos, .retain = w.retain, .identifiers = std::move(w.identifiers)}});
  }
  return result;
}

void city_broker::make_durable(message_ptr const& m, std::vector<target>& targets, std::vector<record_change>& changes) {
  auto stored = std::shared_ptr<stored_message>();
  std::erase_if(targets, [&](target& t) {
    auto& d = t.what;
    d.what = m;
    if (d.qos == 0 || !t.who->is_lasting()) return false;
    if (!has_room(*t.who, m->payload.size())) return true;
    if (!stored) {
      stored = std::make_shared<stored_message>(stored_message{.number = to_key(next_number_++)});
      changes.push_back({message_collection, stored->number, to_json(*m)});
    }
    d.stored = stored;
    ++stored->open;
    t.number = t.who->next_number++;
    ++t.who->coming;
    changes.push_back({delivery_collection, delivery_key(t.who->id, t.number), to_json(d)});
    return false;
  });
}

void city_broker::retain(message_ptr const& m, std::vector<record_change>& changes) {
  changes.push_back({retained_collection, m->topic, m->payload.empty() ? json::value() : to_json(*m)});
}

// `g`: where a module may be called. Without it such a will waits for tick().
void city_broker::publish_will(guard* g, principal const& who, message_ptr const& m) {
  if (is_over(who)) return;
  if (auto const where = find_place(m->topic); where.space) {
    if (!may_enter(who, *where.city)) return;
    if (!g) return wills_.emplace_back(who, m), void();
    g->unlock();
    auto const refused = [id = m->from](std::optional<fault> const& f) {
      if (f) log::warning("the last will of an MQTT client was refused", {{"client", id}, {"reason", f->detail}});
    };
    try {
      auto const paying = pays_for_names(who.names.get());
      where.space->publish(dos::session(where.city, who), where.rest, m->payload, refused);
    } catch (fault const& f) {
      refused(f);
    }
    return g->lock();
  }
  if (belongs_to_another_device(who, m->topic)) return;
  if (m->retain && !m->payload.empty() && retained_.size() >= limits().retained_max && !retained_.contains(m->topic)) return;
  auto targets = route(*m);
  auto changes = std::vector<record_change>();
  make_durable(m, targets, changes);
  if (m->retain) retain(m, changes);
  auto const deliver = [this, m](std::vector<target>& all, bool stored) {
    if (stored && m->retain) set_retained(m->topic, m);
    for (auto& t : all) {
      if (stored) enqueue(std::move(t));
      else if (t.number) --t.who->coming;
    }
  };
  if (changes.empty()) return deliver(targets, true);
  write(std::move(changes), [deliver, targets](bool stored) mutable { deliver(targets, stored); });
}

}  // namespace dos::broker
