#include "standard/mqtt/store.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "kernel/city/city.h"

namespace dos::broker {
namespace {

// Whoever was connected when the program ended gets this long to come back before the last will is told.
constexpr std::int64_t will_grace_us = 10 * us_per_second;

std::string hex(std::uint64_t n, int digits) {
  constexpr auto symbols = "0123456789abcdef";
  auto out = std::string(std::size_t(digits), '0');
  for (auto i = out.size(); i-- > 0; n >>= 4) out[i] = symbols[n & 15];
  return out;
}

std::uint64_t from_key(std::string_view digits) {
  auto n = std::uint64_t{0};
  for (auto const c : digits) n = n << 4 | std::uint64_t(c <= '9' ? c - '0' : c - 'a' + 10);
  return n;
}

std::int64_t int_or(json::value const& v, std::string_view key, std::int64_t otherwise) {
  auto const* const found = v.find(key);
  return found && found->is_int() ? found->as_int() : otherwise;
}

json::value to_json(subscription const& s) {
  auto o = json::object({{"filter", s.filter}, {"qos", int(s.qos)}});
  if (s.no_local) o.push("noLocal", true);
  if (s.retain_as_published) o.push("retainAsPublished", true);
  if (s.identifier) o.push("identifier", std::int64_t(s.identifier));
  if (s.position) o.push("position", std::int64_t(*s.position));
  return o;
}

std::shared_ptr<client_session> read_session(std::string_view city, std::string_view id, json::value const& r, timestamp restarted) {
  auto s = std::make_shared<client_session>();
  s->id = id;
  if (auto const* const who = r.find("who")) {
    s->owner = read_principal(*who);
  } else {  // as earlier versions kept it
    s->owner = {.name = std::string(r.text_or("owner", {})),
                .role = parse_role(r.text_or("role", "anonymous")),
                .source = std::string(r.text_or("source", "mqtt")),
                .city = std::string(city)};
  }
  s->client_id = r.text_or("client", id);
  s->has_token = !r.find("noToken");
  s->is_stored = true;
  s->expiry_s = int_or(r, "expiry", 0);
  auto const left = int_or(r, "left", restarted.us);
  s->expires = timestamp{left} + s->expiry_s * us_per_second;
  for (auto const& one : r.find("subscriptions")->as_array()) {
    auto sub = std::make_shared<subscription>();
    sub->filter = one.text_or("filter", {});
    sub->qos = std::uint8_t(int_or(one, "qos", 0));
    sub->no_local = one.find("noLocal") != nullptr;
    sub->retain_as_published = one.find("retainAsPublished") != nullptr;
    sub->identifier = std::uint32_t(int_or(one, "identifier", 0));
    if (auto const* const p = one.find("position")) sub->position = std::uint64_t(p->as_int());
    s->subscriptions[sub->filter] = std::move(sub);
  }
  if (auto const* const w = r.find("will")) {
    s->last_will = will{read_message(*w), int_or(*w, "delay", 0)};
    auto const due = timestamp{left} + s->last_will->delay_s * us_per_second;
    s->will_due = std::min(s->expires, r.find("left") ? due : std::max(due, restarted + will_grace_us));
  }
  return s;
}

}  // namespace

std::string session_id(principal const& owner, bool has_token, std::string_view client) {
  if (!has_token) return "-:" + std::string(client);
  return std::string(to_text(owner.role)) + ':' + std::to_string(owner.name.size()) + ':' + owner.name + ':' + std::string(client);
}

std::string to_key(std::uint64_t number) { return hex(number, 16); }
std::string delivery_key(std::string_view client, std::uint64_t number) {
  return std::string(client) + '/' + to_key(number);
}
std::string received_key(std::string_view client, std::uint16_t packet) {
  return std::string(client) + '/' + hex(packet, 4);
}
// Identifiers of clients hold no control characters.
std::string position_key(std::string_view client, std::string_view filter) {
  return std::string(client) + '\n' + std::string(filter);
}

json::value to_json(client_session const& s, timestamp left) {
  auto list = json::array();
  if (s.is_lasting()) {  // of another nothing is kept but its will
    for (auto const& [filter, sub] : s.subscriptions) list.push_back(to_json(*sub));
  }
  auto o = json::object({{"who", dos::to_json(s.owner)},
                         {"client", s.client_id},
                         {"expiry", s.expiry_s},
                         {"subscriptions", std::move(list)}});
  if (!s.has_token) o.push("noToken", true);
  if (left != no_time) o.push("left", left.us);
  if (s.last_will) {
    auto w = to_json(s.last_will->what);
    w.as_object().push("delay", s.last_will->delay_s);
    o.push("will", std::move(w));
  }
  return o;
}

json::value to_json(delivery const& d) {
  auto o = json::object({{"message", d.stored->number}, {"qos", int(d.qos)}});
  if (d.retain) o.push("retain", true);
  if (d.state == delivery::stage::released) o.push("released", true);
  if (!d.identifiers.empty()) {
    auto list = json::array();
    for (auto const i : d.identifiers) list.emplace_back(std::int64_t(i));
    o.push("identifiers", std::move(list));
  }
  return o;
}

void put_changes(transaction& t, std::vector<record_change> const& changes) {
  for (auto const& c : changes) {
    if (c.value.is_null()) t.erase_record(c.collection, c.key);
    else t.put_record(c.collection, c.key, c.value);
  }
}

stored_state load(session const& s, timestamp restarted, message_shelf const& shelf) {
  auto all = stored_state();
  auto by_id = std::map<std::string, std::shared_ptr<client_session>, std::less<>>();
  s.for_each_record(session_collection, {}, [&](std::string_view id, record_ptr const& r) {
    auto one = read_session(s.city().id(), id, *r, restarted);
    for (auto const& [filter, sub] : one->subscriptions) {
      auto const p = s.find_record(position_collection, position_key(id, filter));
      if (p) sub->position = std::uint64_t(int_or(*p, "position", 0));
    }
    by_id[one->id] = one;
    all.sessions.push_back(std::move(one));
    return true;
  });
  auto messages = std::map<std::string, std::pair<message_ptr, std::shared_ptr<stored_message>>, std::less<>>();
  s.for_each_record(message_collection, {}, [&](std::string_view key, record_ptr const& r) {
    auto m = shelf.keep(read_message(*r));
    auto stored = std::make_shared<stored_message>(stored_message{.number = std::string(key)});
    messages.emplace(std::string(key), std::pair(std::move(m), std::move(stored)));
    all.next_number = std::max(all.next_number, from_key(key) + 1);
    return true;
  });
  s.for_each_record(delivery_collection, {}, [&](std::string_view key, record_ptr const& r) {
    auto const number = from_key(key.substr(key.size() - 16));
    auto const owner = by_id.find(key.substr(0, key.size() - 17));
    auto const m = messages.find(r->text_or("message", {}));
    if (owner == by_id.end() || m == messages.end()) {
      all.orphans.push_back({delivery_collection, std::string(key)});
      return true;
    }
    auto d = delivery{.what = m->second.first, .stored = m->second.second, .qos = std::uint8_t(int_or(*r, "qos", 1))};
    ++d.stored->open;
    d.retain = r->find("retain") != nullptr;
    d.repeated = true;  // nobody knows whether it was sent
    if (auto const* const list = r->find("identifiers")) {
      for (auto const& i : list->as_array()) d.identifiers.push_back(std::uint32_t(i.as_int()));
    }
    auto& to = *owner->second;
    if (r->find("released")) {
      d.state = delivery::stage::released;
      to.in_flight[packet_id(number)] = number;
    } else {
      to.waiting.push_back(number);
    }
    to.queue.emplace(number, std::move(d));
    to.next_number = std::max(to.next_number, number + 1);
    all.next_number = std::max(all.next_number, (number >> 32) + 1);
    return true;
  });
  for (auto const& [key, m] : messages) {
    if (m.second->open == 0) all.orphans.push_back({message_collection, key});
  }
  s.for_each_record(received_collection, {}, [&](std::string_view key, record_ptr const&) {
    auto const owner = by_id.find(key.substr(0, key.size() - 5));
    if (owner == by_id.end()) all.orphans.push_back({received_collection, std::string(key)});
    else owner->second->received[std::uint16_t(from_key(key.substr(key.size() - 4)))] = reception::done;
    return true;
  });
  s.for_each_record(retained_collection, {}, [&](std::string_view topic, record_ptr const& r) {
    all.retained.emplace(std::string(topic), shelf.keep(read_message(*r)));
    return true;
  });
  for (auto const& one : all.sessions) {
    if (one->queue.empty()) one->next_number = all.next_number++ << 32 | 1;
  }
  return all;
}

}  // namespace dos::broker
