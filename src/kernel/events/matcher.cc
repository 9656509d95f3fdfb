#include "kernel/events/matcher.h"

#include <algorithm>

#include "base/fault.h"
#include "base/log.h"
#include "base/thread_name.h"

namespace dos {
namespace {

constexpr std::size_t send_entries_max = 100;
constexpr std::int64_t backoff_us_min = us_per_second;
constexpr std::int64_t backoff_us_max = 300 * us_per_second;
constexpr auto newly_made_max = std::chrono::seconds(5);  // until the follower has told of it

unsigned entity_trigger(entity_change const& c) {
  return c.is_deletion() ? entity_deleted : c.before ? entity_updated : entity_created;
}

template <typename T>
void remove_from(std::vector<T>& list, T const& item) {
  list.erase(std::remove(list.begin(), list.end(), item), list.end());
}

}  // namespace

struct matcher::subscription {
  std::string collection, key;
  watch what;
  std::shared_ptr<principal const> who;
  outbox waiting;
  subscription_status status;
  std::int64_t not_before = 0;  // µs: throttling, back-off
  bool in_flight = false;
  bool scheduled = false;
  bool changed = false;
  bool removed = false;
  std::vector<place> places;           // where it is indexed, unless by ids
  std::optional<condition> waits_for;  // of the filter, when indexed by it
  std::uint64_t considered = 0;        // the last change: an entity may lead here on several ways

  // Catching up, while status.behind is set.
  std::shared_ptr<live_reader> reader;
  std::vector<change> piece;  // read, and considered up to `piece_at`
  std::size_t piece_at = 0;
  std::uint64_t entry = 0, entry_at = 0;  // the log entry considered last, and how many of its changes of entities
  std::uint64_t begun = 0;                // counts how often it began anew
  std::uint64_t taken = 0;                // what lies up to here was read from the log: it does not come by itself again
  bool is_behind_due = false;

  void begin_at(std::uint64_t position, std::uint64_t at) {
    status.behind = position;
    status.behind_at = at;
    reader.reset();
    piece.clear();
    piece_at = 0;
    ++begun;
    changed = true;
  }
};

// A type that an entity must have, for each of the watch's alternatives, with each attribute that it watches.
std::vector<matcher::place> matcher::places_of(watch const& w) {
  auto const all_name_types =
      std::all_of(w.selectors.begin(), w.selectors.end(), [](auto const& x) { return !x.types.empty(); });
  auto types = std::vector<symbol>();
  if (all_name_types) {
    for (auto const& x : w.selectors) {
      for (auto const& alternative : x.types) types.push_back(alternative.front());
    }
  }
  if (types.empty()) types.emplace_back();
  // An entity comes and goes whatever its attributes are.
  auto attributes = w.triggers & (entity_created | entity_deleted) ? std::vector<symbol>() : w.attributes;
  if (attributes.empty()) attributes.emplace_back();
  auto places = std::vector<place>();
  for (auto const type : types) {
    for (auto const attribute : attributes) places.push_back({type, attribute});
  }
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

void matcher::add_kind(subscription_kind k) {
  auto collection = k.collection;
  kinds_.emplace(std::move(collection), std::move(k));
}

bool matcher::has_kind(std::string_view collection) const { return kinds_.find(collection) != kinds_.end(); }

void matcher::index(subscription_ptr const& s) {
  auto const& selectors = s->what.selectors;
  if (!selectors.empty() &&
      std::all_of(selectors.begin(), selectors.end(), [](auto const& x) { return !x.ids.empty(); })) {
    for (auto const& x : selectors) {
      for (auto const& id : x.ids) by_id_[id].push_back(s);
    }
    return;
  }
  s->waits_for = find_condition(s->what.filter);
  s->places = places_of(s->what);
  for (auto const& p : s->places) {
    auto& g = by_place_[p];
    if (s->waits_for)
      g.waiting.add(*s->waits_for, s);
    else
      g.all.push_back(s);
  }
}

void matcher::unindex(subscription_ptr const& s) {
  for (auto const& x : s->what.selectors) {
    for (auto const& id : x.ids) {
      auto const it = by_id_.find(id);
      if (it == by_id_.end()) continue;
      remove_from(it->second, s);
      if (it->second.empty()) by_id_.erase(it);
    }
  }
  for (auto const& p : std::exchange(s->places, {})) {
    auto const it = by_place_.find(p);
    if (s->waits_for)
      it->second.waiting.remove(*s->waits_for, s);
    else
      remove_from(it->second.all, s);
    if (it->second.all.empty() && it->second.waiting.is_empty()) by_place_.erase(it);
  }
  s->waits_for.reset();
}

void matcher::on_record(std::string_view collection, std::string_view key, json::value const* record) {
  auto const kind = kinds_.find(collection);
  if (kind == kinds_.end()) return;
  auto compiled = std::optional<watch>();
  if (record) {
    try {
      compiled = kind->second.compile(key, *record);
    } catch (std::exception const& f) {
      log::error("a stored subscription cannot be read", {{"subscription", key}, {"reason", f.what()}});
    }
  }
  auto const lock = std::lock_guard(mutex_);
  auto const id = name(collection, key);
  auto it = subscriptions_.find(id);
  if (!record) {
    if (it == subscriptions_.end()) return;
    unindex(it->second);
    it->second->removed = true;
    it->second->reader.reset();
    subscriptions_.erase(it);
    gone_.push_back(id);
    return;
  }
  if (it == subscriptions_.end()) {
    learned_.notify_all();
    auto s = std::make_shared<subscription>();
    s->collection = collection;
    s->key = key;
    if (auto const kept = restored_.find(id); kept != restored_.end()) {
      for (auto& e : kept->second.first) s->waiting.restore(std::move(e));
      s->status = kept->second.second;
      s->waiting.coalesced = s->status.coalesced;
      restored_.erase(kept);
    }
    it = subscriptions_.emplace(id, std::move(s)).first;
  } else {
    unindex(it->second);
  }
  if (!compiled) {
    compiled = watch();
    compiled->active = false;
  }
  auto const& s = it->second;
  s->what = std::move(*compiled);
  s->who = std::make_shared<principal const>(s->what.who);
  s->changed = true;
  if (s->what.active) index(s);
  if (!s->waiting.empty()) schedule(s);
  want_catch_up(s);
}

void matcher::schedule(subscription_ptr const& s) {
  if (s->scheduled || s->in_flight) return;
  s->scheduled = true;
  due_.emplace(s->not_before, s);
  wake_.notify_one();
}

void matcher::on_changes(std::span<change const> changes) {
  if (changes.empty()) return;
  auto const lock = std::lock_guard(mutex_);
  auto const position = position_of(changes.back());
  if (std::exchange(seen_, position) != position) seen_at_ = 0;
  if (subscriptions_.empty()) return;
  for (auto const& c : changes) {
    if (auto const* const e = std::get_if<entity_change>(&c)) on_change(*e, seen_at_++);
  }
}

void matcher::read_again_from(std::uint64_t position) {
  auto const lock = std::lock_guard(mutex_);
  seen_ = position;
  for (auto const& [id, s] : subscriptions_) {
    if (s->status.behind == 0 && s->taken < position) s->begin_at(position, 0);
    want_catch_up(s);
  }
}

// `index`: among the changes of entities of its log entry.
void matcher::on_change(entity_change const& change, std::uint64_t index) {
  auto const& image = change.image();
  ++change_;
  auto const visit = [&](subscription_ptr const& s) {
    if (std::exchange(s->considered, change_) == change_) return;
    if (s->status.behind != 0 || change.position <= s->taken) return;  // read from the log
    if (!concerns(*s, change)) return;
    if (s->waiting.is_full()) return s->begin_at(change.position, index);
    s->changed = true;
    s->waiting.add(change, s->what.throttling_us > 0);
    schedule(s);
  };
  if (!by_id_.empty()) {
    if (auto const it = by_id_.find(image.id); it != by_id_.end())
      std::for_each(it->second.begin(), it->second.end(), visit);
  }
  if (by_place_.empty()) return;
  auto const visit_place = [&](symbol type, symbol attribute) {
    auto const it = by_place_.find({type, attribute});
    if (it == by_place_.end()) return;
    std::for_each(it->second.all.begin(), it->second.all.end(), visit);
    it->second.waiting.for_each(image, visit);
  };
  auto const visit_type = [&](symbol type) {
    visit_place(type, symbol());
    for (auto const& a : change.attributes) visit_place(type, a.name);
  };
  visit_type(symbol());
  std::for_each(image.types.begin(), image.types.end(), visit_type);
}

// As the subscriber sees it.
bool matcher::concerns(subscription const& s, entity_change const& change) const {
  if (!around_.may_be_hidden(*s.who, change)) return fits(s.what, change);
  auto const seen = around_.masked(s.who, change);
  return seen && fits(s.what, *seen);
}

bool matcher::fits(watch const& w, entity_change const& change) {
  auto const& image = change.image();
  auto const entity_bit = entity_trigger(change);
  auto matched = (w.triggers & entity_bit & (entity_created | entity_deleted)) != 0;
  if (!matched) {
    auto attribute_bits = 0u;
    for (auto const& a : change.attributes) {
      if (w.attributes.empty() || std::find(w.attributes.begin(), w.attributes.end(), a.name) != w.attributes.end()) {
        attribute_bits |= a.what;
      }
    }
    if (entity_bit == entity_deleted) attribute_bits &= attribute_deleted;
    matched = (w.triggers & attribute_bits) != 0 || ((w.triggers & entity_bit & entity_updated) && attribute_bits);
  }
  if (!matched) return false;
  if (w.expires_at != no_time && change.at >= w.expires_at) return false;
  auto const selected = w.selectors.empty() || std::any_of(w.selectors.begin(), w.selectors.end(),
                                                           [&](auto const& x) { return query::matches(x, image); });
  if (!selected) return false;
  if (!w.scopes.empty()) {
    auto q = query::query();
    q.scopes = w.scopes;
    if (!query::matches(q, image)) return false;
  }
  return !w.filter || query::matches(*w.filter, image);
}

// --- catching up ---

void matcher::want_catch_up(subscription_ptr const& s, std::int64_t at_us) {
  if (s->status.behind == 0 || s->is_behind_due || s->removed || !s->what.active) return;
  if (!s->waiting.is_half_empty()) return;  // when there is room again
  s->is_behind_due = true;
  behind_.emplace(at_us, s);
  wake_behind_.notify_one();
}

void matcher::run_catch_up() {
  auto lock = std::unique_lock(mutex_);
  while (!stopping_) {
    if (behind_.empty()) {
      wake_behind_.wait(lock);
      continue;
    }
    auto const first = behind_.begin();
    auto const now = around_.clock.now().us;
    if (first->first > now) {
      wake_behind_.wait_for(lock, std::chrono::microseconds(std::min<std::int64_t>(first->first - now, us_per_second)));
      continue;
    }
    auto const s = first->second;
    behind_.erase(first);
    s->is_behind_due = false;
    try {
      catch_up(s, lock);
    } catch (std::exception const& e) {
      if (!lock.owns_lock()) lock.lock();
      log::error("a subscription cannot catch up", {{"subscription", s->key}, {"reason", e.what()}});
      s->status.last_error = std::string("the log cannot be read now: ") + e.what();
      s->changed = true;
      want_catch_up(s, around_.clock.now().us + us_per_second);
    }
  }
}

// A piece of the log into the outbox; then it is another one's turn.
void matcher::catch_up(subscription_ptr const& s, std::unique_lock<std::mutex>& lock) {
  if (s->removed || s->status.behind == 0 || !s->what.active) return;
  if (s->piece_at == s->piece.size() && !read_on(s, lock)) return;
  for (; s->piece_at < s->piece.size(); ++s->piece_at) {
    auto const* const c = std::get_if<entity_change>(&s->piece[s->piece_at]);
    if (!c) continue;
    if (std::exchange(s->entry, c->position) != c->position) s->entry_at = 0;
    auto const is_known = c->position == s->status.behind && s->entry_at < s->status.behind_at;
    if (!is_known && concerns(*s, *c)) {
      if (s->waiting.is_full()) {  // goes on from here
        s->status.behind = c->position;
        s->status.behind_at = s->entry_at;
        s->changed = true;
        schedule(s);
        return;
      }
      s->waiting.add(*c, s->what.throttling_us > 0);
    }
    ++s->entry_at;
  }
  s->status.behind = s->reader->position() + 1;
  s->status.behind_at = 0;
  s->changed = true;
  if (!s->waiting.empty()) schedule(s);
  if (s->reader->position() >= seen_) return come_up(*s);
  want_catch_up(s);
}

// Reads the next piece. False: there is none now, or it began anew meanwhile.
bool matcher::read_on(subscription_ptr const& s, std::unique_lock<std::mutex>& lock) {
  auto const begun = s->begun;
  auto reader = std::move(s->reader);
  auto const after = s->status.behind - 1;
  auto piece = std::vector<change>();
  lock.unlock();
  if (!reader) reader = around_.read_from(after);
  auto const gap = reader->read(piece);
  lock.lock();
  if (s->begun != begun) {  // somebody asked for a replay meanwhile
    want_catch_up(s);
    return false;
  }
  s->reader = std::move(reader);
  s->piece = std::move(piece);
  s->piece_at = 0;
  s->entry = s->entry_at = 0;
  if (gap) {
    if (gap->to > gap->from) {
      s->status.gap_from = gap->from;
      s->status.gap_to = gap->to;
      s->status.gap_since = around_.clock.now();
    }
    s->status.behind = s->reader->position() + 1;
    s->status.behind_at = 0;
    s->changed = true;
    want_catch_up(s);
    return false;
  }
  if (!s->piece.empty()) return true;
  if (s->reader->position() >= seen_) {
    come_up(*s);
  } else {
    auto const waiting = s->reader;
    lock.unlock();  // it may be ready at once
    waiting->on_ready([this, weak = std::weak_ptr(s)] {
      auto const held = std::lock_guard(mutex_);
      if (auto const mine = weak.lock()) want_catch_up(mine);
    });
    lock.lock();
  }
  return false;
}

// What comes by itself from here on is its own again.
void matcher::come_up(subscription& s) {
  s.taken = s.reader->position();
  s.status.behind = s.status.behind_at = 0;
  s.reader.reset();
  s.piece = {};
  s.piece_at = 0;
  s.changed = true;
}

void matcher::start(std::weak_ptr<city> of, std::string const& name) {
  sender_ = std::thread([this, of = std::move(of), name] {
    name_thread("send " + name);
    run_sender(of);
  });
  catching_up_ = std::thread([this, name] {
    name_thread("behind " + name);
    run_catch_up();
  });
}

void matcher::stop() {
  {
    auto const lock = std::lock_guard(mutex_);
    stopping_ = true;
    wake_.notify_all();
    wake_behind_.notify_all();
  }
  if (sender_.joinable()) sender_.join();
  if (catching_up_.joinable()) catching_up_.join();
}

void matcher::run_sender(std::weak_ptr<city> of) {
  auto lock = std::unique_lock(mutex_);
  while (!stopping_) {
    if (due_.empty()) {
      wake_.wait(lock);
      continue;
    }
    auto const now = around_.clock.now().us;
    auto const first = due_.begin();
    if (first->first > now) {
      wake_.wait_for(lock, std::chrono::microseconds(std::min<std::int64_t>(first->first - now, us_per_second)));
      continue;
    }
    auto const s = first->second;
    due_.erase(first);
    s->scheduled = false;
    if (s->removed || s->in_flight || !s->what.active) continue;
    auto const city = of.lock();
    if (!city) return;
    if (s->waiting.empty() || s->removed) continue;
    deliver(city, s, lock);
  }
}

void matcher::deliver(std::shared_ptr<city> const& of, subscription_ptr const& s, std::unique_lock<std::mutex>& lock) {
  auto entries = s->waiting.send(send_entries_max);
  auto const n = entries.size();
  s->in_flight = true;
  auto const who = s->who;
  auto const what = s->what;
  lock.unlock();
  try {
    // As things are now: what the subscriber may not see any more is passed over in silence.
    auto visible = std::vector<delivery>();
    visible.reserve(n);
    for (auto& d : entries) {
      auto shown = around_.shown(who, d.change);
      if (!shown || (around_.may_be_hidden(*who, d.change) && !fits(what, *shown))) continue;
      visible.push_back({std::move(*shown), d.coalesced});
    }
    if (visible.empty()) {
      finish(s, n, {true, {}, 0});
    } else {
      auto const all_visible = visible.size() == n;
      kinds_.find(s->collection)->second.send(of, s->key, std::move(visible), [this, s, n, all_visible, of](sent result) {
        finish(s, result.taken && all_visible ? result.taken : n, result);
      });
    }
  } catch (std::exception const& e) {
    log::error("a subscriber could not be told", {{"subscription", s->key}, {"reason", e.what()}});
    finish(s, n, {false, e.what(), 0});
  }
  lock.lock();
}

void matcher::finish(subscription_ptr const& s, std::size_t n, sent const& result) {
  auto const is_left_out = result.ok && result.is_left_out;
  if (!is_left_out) around_.count_delivered(s->collection, result.ok, n);
  auto const lock = std::lock_guard(mutex_);
  auto const now = around_.clock.now();
  auto& status = s->status;
  s->in_flight = false;
  s->changed = true;
  if (!is_left_out) status.last_notification = now;
  if (is_left_out) {
    s->waiting.sent(n);
  } else if (result.ok) {
    s->waiting.sent(n);
    ++status.times_sent;
    status.failed_in_a_row = 0;
    status.last_success = now;
    status.last_error.clear();
    s->not_before = now.us + s->what.throttling_us;
  } else {
    s->waiting.failed();
    ++status.times_sent;
    ++status.times_failed;
    ++status.failed_in_a_row;
    status.last_failure = now;
    status.last_error = result.error;
    auto const doublings = int(std::min<std::uint64_t>(status.failed_in_a_row - 1, 9));
    s->not_before = now.us + std::min(backoff_us_min << doublings, backoff_us_max);
  }
  if (!s->waiting.empty() && !s->removed) schedule(s);
  want_catch_up(s);
}

subscription_status matcher::status(std::string_view collection, std::string_view key) const {
  auto const lock = std::lock_guard(mutex_);
  auto const it = subscriptions_.find(name(collection, key));
  if (it == subscriptions_.end()) return {};
  auto result = it->second->status;
  result.waiting = it->second->waiting.size();
  result.coalesced = it->second->waiting.coalesced;
  return result;
}

std::uint64_t matcher::replay(std::string_view collection, std::string_view key, std::uint64_t position) {
  auto const from = std::max(position, around_.log_first());
  auto lock = std::unique_lock(mutex_);
  auto const id = name(collection, key);
  learned_.wait_for(lock, newly_made_max, [&] { return subscriptions_.contains(id); });
  auto const it = subscriptions_.find(id);
  require(it != subscriptions_.end(), fault_kind::not_found, "there is no such subscription");
  auto const& s = it->second;
  s->begin_at(s->status.behind == 0 ? from : std::min(from, s->status.behind), 0);
  want_catch_up(s);
  return from;
}

std::vector<matcher::changed> matcher::take_changed() {
  auto taken = std::vector<changed>();
  auto const lock = std::lock_guard(mutex_);
  for (auto const& [collection, key] : std::exchange(gone_, {})) {
    if (!subscriptions_.contains({collection, key})) taken.push_back({collection, key, {}, {}, true});
  }
  for (auto const& [id, s] : subscriptions_) {
    if (!std::exchange(s->changed, false)) continue;
    auto status = s->status;
    status.coalesced = s->waiting.coalesced;
    taken.push_back({id.first, id.second, s->waiting.take_changes(), std::move(status), false});
  }
  return taken;
}

void matcher::restore(std::string_view collection, std::string_view key, outbox::entry e) {
  restored_[name(collection, key)].first.push_back(std::move(e));
}

void matcher::restore(std::string_view collection, std::string_view key, subscription_status const& s) {
  restored_[name(collection, key)].second = s;
}

}  // namespace dos
