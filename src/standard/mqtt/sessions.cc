#include <algorithm>

#include "base/id.h"
#include "base/log.h"
#include "kernel/city/city.h"
#include "standard/mqtt/broker.h"

namespace dos::broker {
namespace {

constexpr std::int64_t sweep_us = 60 * us_per_second;

bool is_proper_id(std::string_view id, std::size_t bytes_max) {
  return id.size() <= bytes_max && std::none_of(id.begin(), id.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

}  // namespace

std::shared_ptr<client_session> city_broker::find_session(std::string const& id) const {
  auto const it = sessions_.find(id);
  return it == sessions_.end() ? nullptr : it->second;
}

bool city_broker::is_over(principal const& who) const { return city_->is_over(who, now()); }

void city_broker::start() {
  struct to_open {
    place where;
    std::shared_ptr<client_session> who;
    std::shared_ptr<subscription> what;
  };
  auto spaces = std::vector<to_open>();
  auto g = guard(*this);
  auto all = load(listener_.n->as_source(city_, "mqtt"), now(), shelf_);
  next_number_ = all.next_number;
  for (auto& [topic, m] : all.retained) set_retained(topic, std::move(m));
  erasures_ = std::move(all.orphans);
  for (auto& s : all.sessions) {
    sessions_.emplace(s->id, s);
    if (!s->has_token) ++without_token_;
    for (auto const& [number, d] : s->queue) queued(*s, *d.what);
    for (auto const& [filter, sub] : s->subscriptions) {
      auto where = find_place(filter);
      if (!where.space) plant(*s, *sub);
      else spaces.push_back({std::move(where), s, sub});
    }
  }
  g.unlock();  // modules may tell of something at once
  for (auto const& one : spaces) {
    try {
      auto handle = open_space(one.where, one.who, one.what);
      g.lock();
      one.what->handle = std::move(handle);
      g.unlock();
    } catch (fault const& f) {
      log::warning("a stored MQTT subscription is not served any more", {{"filter", one.what->filter}, {"reason", f.detail}});
    }
  }
  tick();  // wills that are due are told before anybody comes
}

bool city_broker::may_leave(client const& c, net::mqtt::publish const& will) const {
  if (!c.who.may_write() || will.topic.size() > limits().topic_bytes_max) return false;
  auto const where = find_place(will.topic);
  return !where.space || where.city == city_ || c.who.is_at_home_in(where.city->id());
}

// Nobody takes all places: a token, or an address without one, has half of them.
bool city_broker::has_room_for_session(principal const& who) const {
  if (sessions_.size() >= limits().sessions_max) return false;
  if (sessions_.size() < limits().sessions_max / 2) return true;
  auto const mine = std::count_if(sessions_.begin(), sessions_.end(), [&](auto const& s) { return s.second->owner.source == who.source; });
  return std::size_t(mine) < std::max<std::size_t>(limits().sessions_max / 2, 1);
}

// MQTT 5.0, 3.1.4
void city_broker::connect(std::shared_ptr<client> c, net::mqtt::connect hello) {
  auto const g = guard(*this);
  auto const refuse = [&](reason r) {
    ++counts_.refused;
    c->refuse(r);
  };
  auto const assigned = hello.client_id.empty();
  if (assigned && !c->is_v5() && !hello.clean_start) return refuse(client_identifier_not_valid);  // 3.1.1, 3.1.3.1
  if (assigned) hello.client_id = "auto-" + new_uuid();
  if (!is_proper_id(hello.client_id, limits().client_id_bytes_max)) return refuse(client_identifier_not_valid);
  if (hello.will && !may_leave(*c, *hello.will)) return refuse(not_authorized);

  // Nobody knows who comes without a token and without rights: such a client has no session but its connection.
  auto const is_nobody = !c->has_token && c->who.role == role::anonymous;
  auto id = session_id(c->who, c->has_token, is_nobody ? new_uuid() : hello.client_id);
  if (auto const earlier = find_session(hello.client_id); earlier && c->has_token && earlier->owner.name == c->who.name && earlier->owner.role == c->who.role)
    id = hello.client_id;  // stored before identifiers were each principal's own
  auto s = find_session(id);
  // Half of the places is for those who have a token.
  auto const is_full = sessions_.size() >= limits().sessions_max ||
                       (!c->has_token && without_token_ >= limits().sessions_without_token_max());
  if (!s && is_full) return refuse(quota_exceeded);
  if (!s && !has_room_for_session(c->who)) return refuse(quota_exceeded);
  if (hello.will && hello.will->payload.size() > limits().will_bytes_max) return refuse(quota_exceeded);
  if (s && s->connected) {
    auto const old = s->connected;
    end_connection(nullptr, *old, true, std::nullopt);
    old->peer->close(session_taken_over);
    s = find_session(id);  // it may have ended with its connection
  }
  if (s && (hello.clean_start || s->expires <= now())) {
    conclude(nullptr, s);
    s = nullptr;
  }
  auto const present = s != nullptr;
  if (!s) {
    s = sessions_.emplace(id, std::make_shared<client_session>()).first->second;
    s->id = id;
    s->client_id = hello.client_id;
    s->has_token = c->has_token;
    if (!s->has_token) ++without_token_;
    s->next_number = next_number_++ << 32 | 1;
  }
  s->owner = c->who;
  auto const asked = c->is_v5() ? std::int64_t(hello.properties.session_expiry_s.value_or(0))
                                : hello.clean_start ? 0 : limits().session_s_max;
  s->expiry_s = is_nobody ? 0 : std::min(asked, limits().session_s_max);
  s->expires = s->will_due = timestamp_max;
  s->last_will.reset();
  if (hello.will) {
    auto const delay = hello.will->properties.will_delay_s.value_or(0);
    s->last_will = will{make_message(std::move(*hello.will), s->id, now()), delay};
  }
  s->connected = c;
  c->session = s;
  c->in_flight_max = std::min(hello.properties.receive_max.value_or(65'535), limits().in_flight_max);
  c->peer->pause(true);
  if (c->is_v5() && limits().keep_alive_s_max && (hello.keep_alive_s == 0 || hello.keep_alive_s > limits().keep_alive_s_max))
    c->peer->keep_alive(limits().keep_alive_s_max);
  auto changes = std::vector<record_change>();
  if (s->is_lasting() || s->is_stored || s->last_will) {  // 3.1.2.5: the will is told whatever becomes of the program
    changes.push_back({session_collection, s->id, to_json(*s, no_time)});
    s->is_stored = true;
  }
  // Nothing of an older session may come back once this one is granted.
  if (changes.empty() && erasures_.empty() && writing_ == 0 && backlog_.empty()) return greet(c, present, assigned);
  write(std::move(changes), [this, c, present, assigned](bool done) {
    if (c->session->connected != c) return;
    if (done) greet(c, present, assigned);
    else c->refuse(server_unavailable);
  });
}

void city_broker::greet(std::shared_ptr<client> const& c, bool session_present, bool assigned) {
  auto& s = *c->session;
  auto answer = net::mqtt::connack{.session_present = session_present};
  if (c->is_v5()) {
    answer.properties.receive_max = limits().receive_max;
    if (assigned) answer.properties.assigned_client_id = s.client_id;
    answer.properties.session_expiry_s = std::uint32_t(s.expiry_s);
    if (limits().keep_alive_s_max) answer.properties.server_keep_alive_s = limits().keep_alive_s_max;
  }
  c->ready = true;
  c->peer->send(answer);
  for (auto const& [id, number] : s.in_flight)  // what is left of an earlier connection. 4.4
    c->peer->send(net::mqtt::ack{net::mqtt::ack_kind::pubrel, id, 0});
  c->peer->pause(false);
  pump(s);
}

void city_broker::end(client& c, std::optional<net::mqtt::disconnect> const& goodbye) {
  auto g = guard(*this);
  if (!c.session || c.session->connected.get() != &c) return;
  if (stopped_) return c.session->connected.reset();  // to be found as if they were connected: the end is ours
  auto expiry = std::optional<std::int64_t>();
  if (goodbye && goodbye->properties.session_expiry_s)
    expiry = std::min(std::int64_t(*goodbye->properties.session_expiry_s), limits().session_s_max);
  // 3.14.2.2.2: from 0 it stays 0; whoever says otherwise has not said good-bye.
  auto const is_wrong = c.session->expiry_s == 0 && expiry.value_or(0) > 0;
  if (is_wrong) c.peer->close(protocol_error);
  end_connection(&g, c, !goodbye || is_wrong || goodbye->reason == disconnect_with_will, is_wrong ? std::nullopt : expiry);
  flush();
}

void city_broker::end_connection(guard* g, client& c, bool with_will, std::optional<std::int64_t> expiry_s) {
  auto const s = c.session;
  s->connected = nullptr;
  if (expiry_s) s->expiry_s = *expiry_s;
  leave(*s);
  if (!with_will) s->last_will.reset();
  if (!s->is_lasting()) return conclude(g, s);
  s->expires = now() + s->expiry_s * us_per_second;
  if (s->last_will) s->will_due = std::min(s->expires, now() + s->last_will->delay_s * us_per_second);
  if (s->last_will && s->last_will->delay_s == 0) tell_will(s);
  else store_session(*s, now());
}

// What was sent and not acknowledged is sent again after the next connection, before all else. 4.4
void city_broker::leave(client_session& s) {
  auto again = std::deque<std::uint64_t>();
  for (auto& [number, d] : s.queue) {
    if (d.state != delivery::stage::sent && d.state != delivery::stage::received) continue;
    d.state = delivery::stage::waiting;
    d.repeated = true;
    s.in_flight.erase(packet_id(number));
    again.push_back(number);
  }
  s.waiting.insert(s.waiting.begin(), again.begin(), again.end());
}

void city_broker::store_session(client_session& s, timestamp left) {
  s.is_stored = true;
  write({{session_collection, s.id, to_json(s, left)}}, nullptr);
}

void city_broker::drop(std::shared_ptr<client_session> const& s) {
  s->dropped = true;
  for (auto const& [filter, sub] : s->subscriptions) {
    uproot(*s, *sub);
    if (s->is_stored && sub->space) erase(position_collection, position_key(s->id, filter));
  }
  for (auto const& [number, d] : s->queue) {
    unqueued(*s, *d.what);
    if (!d.stored) continue;
    erase(delivery_collection, delivery_key(s->id, number));
    forget(d);
  }
  if (s->is_stored) {
    for (auto const& [id, state] : s->received) erase(received_collection, received_key(s->id, id));
    erase(session_collection, s->id);
  }
  s->queue.clear();
  s->waiting.clear();
  s->in_flight.clear();
  if (!s->has_token) --without_token_;
  sessions_.erase(s->id);
}

// The session is over, and with it the time to wait with its will: 3.1.3.2.2. Both go into the log as one.
void city_broker::conclude(guard* g, std::shared_ptr<client_session> const& s) {
  auto const m = s->last_will ? shelf_.keep(std::move(s->last_will->what)) : message_ptr();
  s->last_will.reset();
  drop(s);
  if (m) publish_will(g, s->owner, m);
}

void city_broker::tell_will(std::shared_ptr<client_session> const& s) {
  auto m = shelf_.keep(std::move(s->last_will->what));
  s->last_will.reset();
  s->will_due = timestamp_max;
  if (s->is_stored && s->is_lasting() && !s->connected) store_session(*s, s->expires - s->expiry_s * us_per_second);
  publish_will(nullptr, s->owner, m);
}

void city_broker::tick() {
  auto g = guard(*this);
  if (stopped_) return;
  auto const t = now();
  flush();
  retry_stalled(g);
  for (auto const& c : std::exchange(slowed_, {})) {
    c->against_crowds = 0;
    answer_pending(*c);
  }
  for (auto const& [who, m] : std::exchange(wills_, {})) publish_will(&g, who, m);
  auto over = std::vector<std::shared_ptr<client>>();
  auto due = std::vector<std::shared_ptr<client_session>>();
  for (auto const& [id, s] : sessions_) {
    if (s->will_due <= t || s->expires <= t) due.push_back(s);
    if (!s->connected) continue;
    if (city_->is_over(s->connected->who, t)) over.push_back(s->connected);
  }
  for (auto const& s : due) {
    if (s->dropped) continue;
    if (s->expires <= t) conclude(&g, s);
    else if (s->last_will && s->will_due <= t) tell_will(s);
  }
  for (auto const& c : over) c->peer->close(not_authorized);
  if (t - swept_ > sweep_us || swept_ == no_time) {
    swept_ = t;
    auto old = std::vector<std::string>();
    for (auto const& [topic, m] : retained_) {
      if (m->expires <= t) old.push_back(topic);
    }
    for (auto const& topic : old) {
      erase(retained_collection, topic);
      set_retained(topic, nullptr);
    }
    auto ended = std::vector<std::shared_ptr<client_session>>();  // with the right they were made with
    for (auto const& [id, s] : sessions_) {
      if (!s->connected && city_->is_over(s->owner, t)) ended.push_back(s);
    }
    for (auto const& s : ended) conclude(&g, s);
    for (auto const& [id, s] : sessions_) {
      if (s->connected) continue;
      auto gone = std::vector<std::uint64_t>();
      for (auto const& [number, d] : s->queue) {
        if (d.what->expires <= t && d.state == delivery::stage::waiting) gone.push_back(number);
      }
      for (auto const number : gone) discard(*s, number);
    }
  }
  flush();
}

void city_broker::stop() {
  auto g = guard(*this);
  // Sessions that end with their connections end now; the wills of lasting ones wait for the program to come back.
  auto ending = std::vector<std::shared_ptr<client_session>>();
  for (auto const& [id, s] : sessions_) {
    if (s->connected && !s->is_lasting() && s->last_will) ending.push_back(s);
  }
  for (auto const& s : ending) {
    if (s->dropped) continue;
    s->connected = nullptr;
    conclude(&g, s);
  }
  for (auto const& [who, m] : std::exchange(wills_, {})) publish_will(&g, who, m);
  flush();
  stopped_ = true;
  for (auto const& [id, s] : sessions_) {
    for (auto const& [filter, sub] : s->subscriptions) {
      if (sub->handle) dropped_.push_back(std::exchange(sub->handle, nullptr));
    }
  }
}

broker_counts city_broker::counts() const {
  auto const lock = std::lock_guard(mutex_);
  auto result = counts_;
  result.sessions = sessions_.size();
  result.retained = retained_.size();
  result.retained_bytes = retained_bytes_;
  result.messages_bytes = shelf_.bytes();
  for (auto const& [id, s] : sessions_) {
    result.connected += s->connected != nullptr;
    result.queued += s->queue.size();
  }
  return result;
}

}  // namespace dos::broker
