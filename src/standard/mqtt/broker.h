// The broker of one city: who is connected, who has subscribed to what, what waits for whom. Cities share nothing.
#pragma once

#include <algorithm>
#include <mutex>
#include <set>

#include "standard/mqtt/client.h"
#include "standard/mqtt/message_shelf.h"
#include "standard/mqtt/reasons.h"
#include "standard/mqtt/store.h"
#include "standard/mqtt/topic_tree.h"

namespace dos::broker {

struct broker_counts {
  std::uint64_t connected = 0, sessions = 0, queued = 0, retained = 0, retained_bytes = 0, messages_bytes = 0;
  std::uint64_t received = 0, sent = 0, refused = 0, overflowed = 0, dropped_qos_0 = 0;
};

class city_broker : public std::enable_shared_from_this<city_broker> {
 public:
  using guard = broker_guard;
  friend class broker_guard;

  city_broker(listener const& l, std::shared_ptr<dos::city> c) : listener_(l), city_(std::move(c)) {}

  // The right has ended in this city.
  bool is_over(principal const& who) const;
  void start();  // takes up what is stored
  void stop();   // before the clients are sent away: lasting sessions stay as they are, the wills of others are told
  void tick();   // several times a second

  // Of a client, on its connection's thread.
  void connect(std::shared_ptr<client> c, net::mqtt::connect hello);
  void publish(std::shared_ptr<client> const& c, net::mqtt::publish p);
  void acknowledge(client& c, net::mqtt::ack const& a);
  void subscribe(std::shared_ptr<client> const& c, net::mqtt::subscribe const& s);
  void unsubscribe(std::shared_ptr<client> const& c, net::mqtt::unsubscribe const& u);
  void drained(client& c);
  void end(client& c, std::optional<net::mqtt::disconnect> const& goodbye);

  broker_counts counts() const;

 private:
  struct own_write {
    std::vector<record_change> changes;
    std::vector<record_change> erasures;
    std::uint64_t delivered = 0, failed = 0;
    std::function<void(bool done)> then;
  };
  struct place {  // of a topic or filter
    topic_space const* space = nullptr;  // none: between clients
    std::shared_ptr<dos::city> city;
    std::string rest;    // below the city
    std::string prefix;  // what stood before: "dortmund/"
  };

  timestamp now() const { return listener_.n->clock.now(); }
  settings const& limits() const { return listener_.settings; }

  // sessions.cc
  std::shared_ptr<client_session> find_session(std::string const& id) const;
  bool may_leave(client const& c, net::mqtt::publish const& will) const;
  bool has_room_for_session(principal const& who) const;
  void greet(std::shared_ptr<client> const& c, bool session_present, bool assigned);
  void leave(client_session& s);
  void drop(std::shared_ptr<client_session> const& s);
  void end_connection(guard* g, client& c, bool with_will, std::optional<std::int64_t> expiry_s);
  void tell_will(std::shared_ptr<client_session> const& s);
  void conclude(guard* g, std::shared_ptr<client_session> const& s);
  void store_session(client_session& s, timestamp left);

  // writes.cc
  void write(std::vector<record_change> changes, std::function<void(bool)> then);
  bool submit(own_write& w);
  void flush();
  void erase(std::string_view collection, std::string key) { erasures_.push_back({collection, std::move(key)}); }

  // publications.cc
  place find_place(std::string_view topic) const;
  bool may_enter(principal const& who, dos::city const& c) const;
  // Topics that are for publishing only.
  bool is_hidden(principal const& who, std::string_view topic_or_filter) const;
  reason check(client const& c, net::mqtt::publish const& p, place const& where) const;
  std::vector<target> route(message const& m);
  // Numbers those of the targets that must last; what is to be stored for them.
  void make_durable(message_ptr const& m, std::vector<target>& targets, std::vector<record_change>& changes);
  void retain(message_ptr const& m, std::vector<record_change>& changes);
  bool may_retain(net::mqtt::publish const& p) const;
  void set_retained(std::string const& topic, message_ptr m);  // none, or an empty one: no more
  void try_space(guard& g, std::shared_ptr<client> const& c, std::shared_ptr<pending_publish> const& p,
                 place const& where, std::string const& payload);
  void try_clients(std::shared_ptr<client> const& c, std::shared_ptr<pending_publish> const& p);
  void stall(std::shared_ptr<client> const& c, std::function<void(guard&)> attempt);
  void retry_stalled(guard& g);
  void finished(std::shared_ptr<client> const& c, std::shared_ptr<pending_publish> const& p,
                std::optional<fault> const& f);
  void answer_pending(client& c);
  void answer(client& c, pending_publish const& p);
  void hold_back(client& c);
  void slow_down(std::shared_ptr<client> const& c, std::vector<target> const& targets);
  std::size_t crowd_messages_max() const { return std::clamp<std::size_t>(limits().queue_messages_max / 8, 1, 64); }
  void publish_will(guard* g, principal const& who, message_ptr const& m);

  // deliveries.cc
  bool has_room(client_session& s, std::size_t bytes);
  void queued(client_session& s, message const& m);
  void unqueued(client_session& s, message const& m);
  void enqueue(target t);
  bool send_now(client& c, delivery const& d, std::uint16_t id);
  void pump(client_session& s);
  void release(client_session& s, std::uint64_t number, bool stored);
  void discard(client_session& s, std::uint64_t number);
  void forget(delivery const& d);

  // subscriptions.cc
  std::uint8_t subscribe_one(guard& g, client& c, net::mqtt::subscription const& wanted, std::uint32_t identifier,
                             std::vector<target>& retained);
  void collect_retained(std::shared_ptr<client_session> const& s, subscription const& sub, std::vector<target>& to);
  std::shared_ptr<void> open_space(place const& where, std::shared_ptr<client_session> const& s,
                                   std::shared_ptr<subscription> const& sub);
  void told(std::weak_ptr<client_session> const& session, std::weak_ptr<subscription> const& sub,
            std::string const& prefix, topic_message m);
  void plant(client_session& s, subscription const& sub);
  void uproot(client_session& s, subscription& sub);

  listener const& listener_;
  std::shared_ptr<dos::city> const city_;

  mutable std::mutex mutex_;  // of all that follows
  std::map<std::string, std::shared_ptr<client_session>> sessions_;
  std::size_t without_token_ = 0;  // of the sessions
  topic_tree tree_;
  message_shelf shelf_;
  std::map<std::string, message_ptr, std::less<>> retained_;
  std::size_t retained_bytes_ = 0;
  std::map<std::string, std::size_t> queued_by_;  // bytes that wait for the sessions of one owner
  std::uint64_t next_number_ = 1;
  std::map<std::string, std::size_t> turns_;  // of shared subscriptions
  std::vector<std::shared_ptr<void>> dropped_;
  std::set<std::shared_ptr<client>> stalled_;
  std::set<std::shared_ptr<client>> slowed_;

  std::vector<record_change> erasures_;  // not yet written
  std::uint64_t delivered_ = 0;          // and what the ledger is to hear
  std::uint64_t failed_ = 0;             //
  std::size_t writing_ = 0;
  std::deque<own_write> backlog_;
  std::deque<std::pair<principal, message_ptr>> wills_;  // that found a full queue
  timestamp swept_ = no_time;
  bool stopped_ = false;
  broker_counts counts_;
};

// Holds the mutex; modules' subscriptions that were dropped meanwhile end after it, since they may wait for a call that
// waits for the mutex.
class broker_guard {
 public:
  explicit broker_guard(city_broker& b) : broker_(b), lock_(b.mutex_) {}
  ~broker_guard() { unlock(); }
  void lock() { lock_.lock(); }
  void unlock() {
    if (!lock_.owns_lock()) return;
    auto const dropped = std::exchange(broker_.dropped_, {});
    lock_.unlock();
  }

 private:
  city_broker& broker_;
  std::unique_lock<std::mutex> lock_;
};

}  // namespace dos::broker
