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

unsigned entity_trigger(entity_change const& c) {
  return c.after->deleted_at != no_time ? entity_deleted : c.before ? entity_updated : entity_created;
}

template <typename T>
void remove_from(std::vector<T>& list, T const& item) {
  list.erase(std::remove(list.begin(), list.end(), item), list.end());
}

}  // namespace

struct matcher::subscription {
  std::string collection, key;
  watch what;
  outbox waiting;
  subscription_status status;
  std::int64_t not_before = 0;  // µs: throttling, back-off
  bool in_flight = false;
  bool is_catching_up = false;
  bool scheduled = false;
  bool changed = false;
  bool removed = false;
  std::vector<place> places;           // where it is indexed, unless by ids
  std::optional<condition> waits_for;  // of the filter, when indexed by it
  std::uint64_t considered = 0;        // the last change: an entity may lead here on several ways
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
    } catch (fault const& f) {
      log::error("a stored subscription cannot be read", {{"subscription", key}, {"reason", f.detail}});
    }
  }
  auto const lock = std::lock_guard(mutex_);
  auto const id = name(collection, key);
  auto it = subscriptions_.find(id);
  if (!record) {
    if (it == subscriptions_.end()) return;
    unindex(it->second);
    it->second->removed = true;
    subscriptions_.erase(it);
    gone_.push_back(id);
    return;
  }
  if (it == subscriptions_.end()) {
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
  s->changed = true;
  if (s->what.active) index(s);
  if (!s->waiting.empty() || s->status.behind != 0) schedule(s);
}

void matcher::schedule(subscription_ptr const& s) {
  if (s->scheduled || s->in_flight) return;
  s->scheduled = true;
  due_.emplace(s->not_before, s);
  wake_.notify_one();
}

void matcher::on_changes(std::span<entity_change const> changes) {
  if (changes.empty()) return;
  auto const lock = std::lock_guard(mutex_);
  seen_ = changes.back().position;
  if (subscriptions_.empty()) return;
  for (auto const& c : changes) on_change(c);
}

void matcher::on_change(entity_change const& change) {
  auto const& image = change.after->deleted_at != no_time ? *change.before : *change.after;
  ++change_;
  auto const visit = [&](subscription_ptr const& s) { consider(*s, change, image); };
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

void matcher::consider(subscription& s, entity_change const& change, entity const& image) {
  if (std::exchange(s.considered, change_) == change_) return;
  auto const& w = s.what;
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
  if (!matched) return;
  if (w.expires_at != no_time && change.at >= w.expires_at) return;
  auto const selected = w.selectors.empty() || std::any_of(w.selectors.begin(), w.selectors.end(),
                                                           [&](auto const& x) { return query::matches(x, image); });
  if (!selected) return;
  if (!w.scopes.empty()) {
    auto q = query::query();
    q.scopes = w.scopes;
    if (!query::matches(q, image)) return;
  }
  if (w.filter && !query::matches(*w.filter, image)) return;

  if (s.status.behind != 0 && !s.is_catching_up) return;  // its turn comes when the log is read again
  s.changed = true;
  if (s.waiting.size() >= outbox_entries_max) {
    s.status.behind = change.position;
    return;
  }
  s.waiting.add(change, w.throttling_us > 0);
  if (!s.is_catching_up) schedule(subscriptions_.find(name(s.collection, s.key))->second);
}

// Fills the outbox from the log, up to what comes by itself. A change may come twice where the log is cut in its
// position.
void matcher::catch_up(subscription_ptr const& s, std::unique_lock<std::mutex>& lock) {
  auto from = s->status.behind;
  s->is_catching_up = true;
  for (auto is_done = false; !is_done && !s->removed && !stopping_;) {
    auto changes = std::vector<entity_change>();
    lock.unlock();
    auto const next = around_.read_log(from, changes);
    auto const first = around_.log_first();
    lock.lock();
    if (s->status.behind != from) {  // somebody asked for a replay meanwhile
      from = s->status.behind;
      continue;
    }
    if (!next) {
      s->status.gap_from = from;
      s->status.gap_to = first;
      s->status.gap_since = around_.clock.now();
      from = s->status.behind = first;
      continue;
    }
    s->status.behind = 0;  // until the outbox is full again
    for (auto const& c : changes) {
      if (c.position > seen_ || s->status.behind != 0) break;
      ++change_;
      if (s->what.active) consider(*s, c, c.after->deleted_at != no_time && c.before ? *c.before : *c.after);
    }
    is_done = s->status.behind != 0 || *next == from || *next > seen_;
    if (!is_done) from = s->status.behind = *next;
  }
  s->is_catching_up = false;
  s->changed = true;
}

void matcher::start(std::weak_ptr<city> of, std::string const& name) {
  sender_ = std::thread([this, of = std::move(of), name] {
    name_thread("send " + name);
    run_sender(of);
  });
}

void matcher::stop() {
  {
    auto const lock = std::lock_guard(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (sender_.joinable()) sender_.join();
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
    if (s->status.behind != 0 && s->waiting.size() < outbox_entries_max / 2) catch_up(s, lock);
    if (s->waiting.empty() || s->removed) continue;
    deliver(city, s, lock);
  }
}

void matcher::deliver(std::shared_ptr<city> const& of, subscription_ptr const& s, std::unique_lock<std::mutex>& lock) {
  auto entries = s->waiting.send(send_entries_max);
  auto const n = entries.size();
  s->in_flight = true;
  auto const who = s->what.who;
  lock.unlock();
  // Rights as they are now: what the subscriber may not see any more is passed over in silence.
  std::erase_if(entries, [&](delivery const& d) {
    return !around_.may_see(
        who, d.change.after->deleted_at != no_time && d.change.before ? *d.change.before : *d.change.after);
  });
  if (entries.empty()) {
    finish(s, n, {true, {}, 0});
  } else {
    auto const all_visible = entries.size() == n;
    kinds_.find(s->collection)->second.send(of, s->key, std::move(entries), [this, s, n, all_visible, of](sent result) {
      finish(s, result.taken && all_visible ? result.taken : n, result);
    });
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
  if ((!s->waiting.empty() || status.behind != 0) && !s->removed) schedule(s);
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
  auto const lock = std::lock_guard(mutex_);
  auto const it = subscriptions_.find(name(collection, key));
  require(it != subscriptions_.end(), fault_kind::not_found, "there is no such subscription");
  auto const& s = it->second;
  s->status.behind = s->status.behind == 0 ? from : std::min(from, s->status.behind);
  s->changed = true;
  schedule(s);
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
