#include "base/log.h"
#include "kernel/city/city.h"
#include "standard/mqtt/broker.h"

namespace dos::broker {

// Whoever does not come for its messages loses new ones, by name: in the log, the ledger and the figures.
bool city_broker::has_room(client_session& s, std::size_t bytes) {
  auto const mine = queued_by_.find(s.owner.name);
  auto const of_owner = mine == queued_by_.end() ? 0 : mine->second;
  if (s.queue.size() + s.coming < limits().queue_messages_max && s.bytes + bytes <= limits().queue_bytes_max &&
      of_owner + bytes <= limits().messages_bytes_max / 4 && shelf_.bytes() <= limits().messages_bytes_max) {
    return true;
  }
  if (s.overflowed++ % limits().queue_messages_max == 0)
    log::warning("too many MQTT messages wait for a client; new ones are lost to it",
                 {{"city", city_->id()}, {"client", s.id}, {"waiting", s.queue.size()}});
  ++counts_.overflowed;
  ++failed_;
  return false;
}

void city_broker::queued(client_session& s, message const& m) {
  s.bytes += m.payload.size();
  queued_by_[s.owner.name] += m.payload.size();
}

void city_broker::unqueued(client_session& s, message const& m) {
  s.bytes -= m.payload.size();
  auto const mine = queued_by_.find(s.owner.name);
  if (mine == queued_by_.end()) return;  // only empty ones are left
  mine->second -= m.payload.size();
  if (mine->second == 0) queued_by_.erase(mine);
}

void city_broker::enqueue(target t) {
  auto& s = *t.who;
  auto& d = t.what;
  if (t.number) --s.coming;
  if (s.dropped) {
    if (d.stored) {
      erase(delivery_collection, delivery_key(s.id, t.number));
      forget(d);
    }
    return;
  }
  if (d.qos == 0) {
    if (!s.connected || !s.connected->ready) return;
    if (s.connected->peer->unsent_bytes() < limits().unsent_bytes_max) send_now(*s.connected, d, 0);
    else ++counts_.dropped_qos_0;
    return;
  }
  if (!t.number) {
    if (!has_room(s, d.what->payload.size())) return;
    t.number = s.next_number++;
  }
  queued(s, *d.what);
  s.waiting.push_back(t.number);
  s.queue.emplace(t.number, std::move(d));
  pump(s);
}

bool city_broker::send_now(client& c, delivery const& d, std::uint16_t id) {
  auto p = to_packet(*d.what, now());
  p.qos = d.qos;
  p.id = id;
  p.retain = d.retain;
  p.repeated = d.repeated && d.qos > 0;
  p.properties.subscription_ids = d.identifiers;
  ++counts_.sent;
  return c.peer->send(p);
}

// Sends what waits, as much as the client takes at a time. MQTT 5.0, 4.9
void city_broker::pump(client_session& s) {
  auto const c = s.connected;
  if (!c || !c->ready) return;
  while (!s.waiting.empty() && s.in_flight.size() < c->in_flight_max &&
         c->peer->unsent_bytes() < limits().unsent_bytes_max) {
    auto const number = s.waiting.front();
    auto const it = s.queue.find(number);
    if (it == s.queue.end() || it->second.state != delivery::stage::waiting) {  // expired or released since
      s.waiting.pop_front();
      continue;
    }
    auto& d = it->second;
    auto const id = packet_id(number);
    if (s.in_flight.contains(id)) return;  // a message 65,535 older is not acknowledged yet
    s.waiting.pop_front();
    if (d.what->expires <= now() || !send_now(*c, d, id)) {
      discard(s, number);
      continue;
    }
    d.state = delivery::stage::sent;
    s.in_flight[id] = number;
  }
}

void city_broker::drained(client& c) {
  auto const g = guard(*this);
  if (!c.session || c.session->connected.get() != &c) return;
  pump(*c.session);
  flush();
}

void city_broker::release(client_session& s, std::uint64_t number, bool stored) {
  auto const it = s.queue.find(number);
  if (it == s.queue.end()) return;
  auto const& c = s.connected;
  if (!stored) {
    if (c) c->peer->close(unspecified_error);
    return;
  }
  it->second.state = delivery::stage::released;
  s.in_flight[packet_id(number)] = number;
  if (c && c->ready) c->peer->send(net::mqtt::ack{net::mqtt::ack_kind::pubrel, packet_id(number), 0});
}

void city_broker::discard(client_session& s, std::uint64_t number) {
  auto const it = s.queue.find(number);
  if (it->second.stored) {
    erase(delivery_collection, delivery_key(s.id, number));
    forget(it->second);
    ++delivered_;
  }
  unqueued(s, *it->second.what);
  s.queue.erase(it);
}

void city_broker::forget(delivery const& d) {
  if (--d.stored->open == 0) erase(message_collection, d.stored->number);
}

// MQTT 5.0, 4.3.2 and 4.3.3
void city_broker::acknowledge(client& c, net::mqtt::ack const& a) {
  using net::mqtt::ack_kind;
  auto const g = guard(*this);
  if (c.session->connected.get() != &c) return;
  auto& s = *c.session;
  if (a.kind == ack_kind::pubrel) {
    auto const it = s.received.find(a.id);
    auto const known = it != s.received.end() && it->second == reception::done;
    auto const answer = net::mqtt::ack{ack_kind::pubcomp, a.id, known ? success : packet_identifier_not_found};
    if (known) s.received.erase(it);
    if (!known || !s.is_lasting()) return c.peer->send(answer), void();
    // The identifier may stand for another message afterwards, so it is forgotten before.
    return write({{received_collection, received_key(s.id, a.id)}}, [peer = c.peer, answer](bool done) {
      if (done) peer->send(answer);
      else peer->close(unspecified_error);
    });
  }
  auto const it = s.in_flight.find(a.id);
  if (it == s.in_flight.end()) {
    if (a.kind == ack_kind::pubrec) c.peer->send(net::mqtt::ack{ack_kind::pubrel, a.id, packet_identifier_not_found});
    return;
  }
  auto const number = it->second;
  auto& d = s.queue.at(number);
  auto const fits = d.qos == 1 ? a.kind == ack_kind::puback : a.kind != ack_kind::puback;
  if (!fits) return c.peer->close(protocol_error);
  auto const ends = a.kind != ack_kind::pubrec || a.reason >= 0x80;
  if (!ends) {
    if (d.state == delivery::stage::received) return;
    auto const again = d.state == delivery::stage::released;
    if (again || !d.stored) {
      d.state = delivery::stage::released;
      return c.peer->send(net::mqtt::ack{ack_kind::pubrel, a.id, 0}), void();
    }
    // Once PUBREL is out, the message must never be sent again.
    auto released = d;
    released.state = delivery::stage::released;
    d.state = delivery::stage::received;
    return write({{delivery_collection, delivery_key(s.id, number), to_json(released)}},
                 [this, session = c.session, number](bool done) { release(*session, number, done); });
  }
  s.in_flight.erase(it);
  discard(s, number);
  pump(s);
  flush();
}

}  // namespace dos::broker
