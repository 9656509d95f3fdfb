#include "standard/sensorthings/topics.h"

#include <algorithm>
#include <set>

#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread_name.h"
#include "http/percent.h"
#include "kernel/city/city.h"
#include "kernel/history/history.h"

namespace dos::sensorthings {
namespace {

constexpr std::string_view topic_prefix = "v1.1/";

std::vector<std::string> segments_of(std::string_view topic) {
  require(topic.starts_with(topic_prefix), fault_kind::invalid, "topics of SensorThings begin with v1.1/");
  auto segments = std::vector<std::string>();
  for (auto const s : text::split(topic.substr(topic_prefix.size(), topic.find('?') - topic_prefix.size()), '/'))
    segments.emplace_back(s);
  return segments;
}

}  // namespace

struct topic_feed::subscription {
  subscription(session w, std::string t, address a, std::function<void(topic_message)> f,
               std::optional<std::uint64_t> position)
      : who(std::move(w)), topic(std::move(t)), where(std::move(a)), send(std::move(f)), after(position) {}

  session who;
  std::string topic;
  address where;
  query_options options;
  std::function<void(topic_message)> send;
  std::optional<std::uint64_t> after;
  std::recursive_mutex sending;  // the handle may be dropped within `send`
  bool is_over = false;
  observation_number first_number = 0;  // earlier ones were there when it began
  std::optional<json::value> value;     // of a property, as told last
};

std::shared_ptr<void> topic_feed::subscribe(session who, std::string filter, std::optional<std::uint64_t> after,
                                            std::function<void(topic_message)> send) {
  require(filter.find_first_of("+#") == filter.npos, fault_kind::invalid, "topics of SensorThings have no wildcards");
  auto const now = reading(service_, who, {});
  auto s = std::make_shared<subscription>(who, filter, resolve(segments_of(filter), now.read), std::move(send), after);
  require(!s->where.count, fault_kind::invalid, "nobody tells of $count");
  auto const what = s->where.form == address::form::set ? s->where.collection.what : s->where.entity->what;
  auto const today = who.city().status();
  auto const was_away = after && *after < today.position;
  if (!was_away) s->first_number = today.observations + 1;
  // Who was away may have missed a change of it; to others the property is as it is now. OGC 18-088, 14.2.3
  if (s->where.form == address::form::property && !was_away) s->value = value_at(now.read, *s->where.entity, s->where.property);
  if (auto const at = filter.find('?'); at != filter.npos) {
    s->options = parse_options(http::parse_query(std::string_view(filter).substr(at + 1)), what, service_.limits);
  }
  {
    auto const lock = std::lock_guard(mutex_);
    auto& f = cities_[who.city().id()];
    if (!f.home) {
      f.home = who.shared_city();
      f.changes = f.home->read_live(std::nullopt);
      f.next_number = f.home->status().observations + 1;
    }
    f.fresh.push_back(s);
    f.is_ready = true;
    if (!thread_.joinable() && !stopping_) {
      thread_ = std::thread([this] {
        name_thread("topics");
        run();
      });
    }
  }
  woken_.notify_one();
  return std::shared_ptr<void>(s.get(), [s](void*) {
    auto const lock = std::lock_guard(s->sending);
    s->is_over = true;
  });
}

void topic_feed::note(dos::city& c, std::vector<std::pair<kind, std::uint64_t>> datastreams) {
  {
    auto const lock = std::lock_guard(mutex_);
    auto const it = cities_.find(c.id());
    if (it == cities_.end()) return;
    it->second.noted.insert(it->second.noted.end(), datastreams.begin(), datastreams.end());
    it->second.is_ready = true;
  }
  woken_.notify_one();
}

void topic_feed::stop() {
  {
    auto const lock = std::lock_guard(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  if (thread_.joinable()) thread_.join();
}

// False when it is over: the next changes were appended otherwise, or a gap was passed.
bool topic_feed::read_or_wait(live_reader& from, std::vector<change>& out) {
  for (;;) {
    auto const before = from.position();
    from.read(out);
    if (!out.empty() || from.position() > before) return true;
    from.on_ready([this] {
      auto const lock = std::lock_guard(mutex_);
      woken_.notify_all();
    });
    auto lock = std::unique_lock(mutex_);
    if (stopping_) return false;
    woken_.wait_for(lock, std::chrono::milliseconds(100));  // the next look says whether it was for this
  }
}

void topic_feed::run() {
  auto lock = std::unique_lock(mutex_);
  while (!stopping_) {
    auto ready = std::vector<city_feed*>();
    for (auto& [id, f] : cities_) {
      if (std::exchange(f.is_ready, false)) ready.push_back(&f);
    }
    if (ready.empty()) {
      woken_.wait(lock);
      continue;
    }
    lock.unlock();
    for (auto* const f : ready) {
      try {
        serve(*f);
      } catch (std::exception const& e) {
        log::error("subscribers of SensorThings were not told", {{"city", f->home->id()}, {"reason", e.what()}});
      }
    }
    lock.lock();
  }
}

void topic_feed::serve(city_feed& f) {
  auto fresh = std::vector<std::shared_ptr<subscription>>();
  auto noted = std::vector<std::pair<kind, std::uint64_t>>();
  {
    auto const lock = std::lock_guard(mutex_);
    fresh.swap(f.fresh);
    noted.swap(f.noted);
  }
  auto const own = service_.program.as_source(f.home, "sensorthings");
  auto const now = reading(service_, own, {});
  // Those that were away hear first what they missed: of observations, those that were the newest.
  for (auto const& s : fresh) {
    if (s->after) {
      auto const missed = f.home->read_live(*s->after);
      auto changes = std::vector<change>();
      while (missed->position() < f.changes->position() && read_or_wait(*missed, changes)) {
        for (auto const& any : changes) {
          auto const* const told = std::get_if<entity_change>(&any);
          auto const c = told ? s->who.shown(*told) : std::nullopt;
          if (!c) continue;
          auto events = events_of(*c, now.read);
          for (auto const& a : c->attributes) {
            auto const value = c->after->find(a.name, a.dataset);
            if (!value || !value->series) continue;
            auto const t = value->observed_at != no_time ? value->observed_at : value->modified_at;
            for (auto const& o : own.history().range(
                     value->series, {.from = t, .to = t + 1, .limit = 1, .descending = true, .after = {}})) {
              events.push_back({kind::observation, o.number, c->position});
            }
          }
          tell(*s, events);
        }
        changes.clear();
      }
    }
    f.subscriptions.push_back(s);
  }
  auto changes = std::vector<change>();
  f.changes->read(changes);
  auto events = std::vector<event>();
  auto const position = f.changes->position();
  for (auto const& [what, id] : noted) events.push_back({what, id, position, event::reason::noted});
  constexpr std::uint64_t numbers_at_once = 100'000;
  auto const end = f.home->status().observations + 1;
  auto const until = std::min(end, f.next_number + numbers_at_once);
  for (; f.next_number < until; ++f.next_number) {
    events.push_back({kind::observation, f.next_number, position, event::reason::came});
    events.push_back({kind::historical_location, f.next_number, position, event::reason::came});
  }
  tell(f, changes, events, now.read);
  auto const goes_on = f.next_number < end;
  f.changes->on_ready([this, &f] {
    {
      auto const lock = std::lock_guard(mutex_);
      f.is_ready = true;
    }
    woken_.notify_one();
  });
  if (goes_on) {
    auto const lock = std::lock_guard(mutex_);
    f.is_ready = true;
  }
}

std::vector<topic_feed::event> topic_feed::events_of(entity_change const& c, reader const& r) const {
  auto events = std::vector<event>();
  if (!is_alive(c.after)) return events;
  auto const id = r.number_of(*c.after);
  for (auto const k : {kind::location, kind::sensor, kind::observed_property, kind::feature}) {
    if (c.after->has_type(r.words().type_of(k))) return {{k, id, c.position}};
  }
  auto is_changed = !c.before;
  for (auto const& a : c.attributes) {
    auto const now = c.after->find(a.name, a.dataset);
    auto const& there = now || !c.before ? c.after : c.before;
    auto const known = there->find(a.name, a.dataset);
    auto const stream = known && known->series
                            ? r.as_datastream(there, {known->series, known->name, known->dataset, known->kind})
                            : std::nullopt;
    if (now && stream && stream->derived && a.what == attribute_created)
      events.push_back({kind::datastream, stream->id, c.position});
    if (a.name == r.words().location && now && now->series)
      events.push_back({kind::location, now->series, c.position});
    is_changed = is_changed || (!stream && a.name != r.words().location && a.name != r.words().has_location);
  }
  if (is_changed) events.insert(events.begin(), {kind::thing, id, c.position});
  return events;
}

// As clients of the first city's root address see it, else of the city's own.
std::string topic_feed::base_of(dos::city const& c) const {
  auto const& url = service_.public_url.empty() ? service_.program.public_url : service_.public_url;
  return service_.program.cities.front()->id() == c.id() ? url + "/v1.1" : url + "/" + c.id() + "/v1.1";
}

void topic_feed::tell(city_feed& f, std::vector<change> const& changes, std::vector<event> const& others, reader const& r) {
  // Each is told of what changed for them.
  auto const events_for = [&](session const* who) {
    auto events = std::vector<event>();
    for (auto const& any : changes) {
      auto const* const told = std::get_if<entity_change>(&any);
      auto const seen = told && who ? who->shown(*told) : std::nullopt;
      if (!told || (who && !seen)) continue;
      for (auto const& e : events_of(who ? *seen : *told, r)) events.push_back(e);
    }
    events.insert(events.end(), others.begin(), others.end());
    return events;
  };
  auto const all = events_for(nullptr);
  for (auto it = f.subscriptions.begin(); it != f.subscriptions.end();) {
    auto const s = it->lock();
    try {
      if (s) tell(*s, s->who.view()->is_clear() ? all : events_for(&s->who));
    } catch (fault const& refused) {  // one that asks for too much is no reason to be silent to others
      log::warning("a subscriber of SensorThings was not told", {{"topic", s->topic}, {"reason", refused.detail}});
    }
    it = s ? std::next(it) : f.subscriptions.erase(it);
  }
}

// What the topic goes by is as it is now.
void topic_feed::refresh(subscription& s, reader const& now) const {
  try {
    s.where = resolve(segments_of(s.topic), now);
  } catch (fault const&) {  // something on the way is gone: the rest is as it was then
  }
}

void topic_feed::tell(subscription& s, std::vector<event> const& events) {
  auto const& w = s.where;
  auto const in_set = w.form == address::form::set;
  auto const what = in_set ? w.collection.what : w.entity->what;
  auto const in_series =
      in_set && what == kind::observation && w.collection.from && w.collection.from->what != kind::feature;
  auto told = std::set<std::uint64_t>();  // of one entity's changes the state after the last is told
  auto now = std::optional<reading>();
  for (auto const& e : events) {
    if (e.what != what || (!in_set && e.id != w.entity->id)) continue;
    // What was there when the subscription began, but is seen only now.
    if (e.why == event::reason::came && e.id < s.first_number) continue;
    if (e.why == event::reason::changed && s.after && e.position <= *s.after) continue;
    if (in_series) {
      auto const owner = s.who.city().history().find_series_of(e.id);
      if (owner != w.collection.from->series.series) continue;
    }
    if (!told.insert(e.id).second) continue;
    if (!now) {
      now.emplace(service_, s.who, base_of(s.who.city()));
      refresh(s, now->read);
    }
    auto const i = w.form == address::form::set && w.collection.from
                       ? find_within(*w.collection.from, *w.collection.by, e.id, now->read)
                       : now->read.find(what, e.id);
    if (!i) continue;
    auto message = topic_message{.topic = s.topic, .payload = {}, .position = e.position};
    if (w.form == address::form::property) {
      auto value = value_at(now->read, *i, w.property);
      if (s.value == value) continue;
      s.value = value;
      if (w.value && value.is_string()) message.payload = value.as_string();
      else if (w.value) message.payload = json::to_string(value);
      else message.payload = json::to_string(json::object{{property_name(w.property), std::move(value)}});
    } else if (w.ref) {
      message.payload = json::to_string(json::object{{"@iot.selfLink", now->render.self_link(*i)}});
    } else {
      if (s.options.filter && !evaluator(now->read).holds(*s.options.filter, *i)) continue;
      now->render.write_entity(message.payload, *i, s.options);
    }
    auto const lock = std::lock_guard(s.sending);
    if (s.is_over) return;
    s.send(std::move(message));
  }
}

topic_space make_topic_space(service_ptr s, std::shared_ptr<topic_feed> feed) {
  auto space = topic_space();
  space.prefix = "v1.1";
  space.publish = [s](session const& who, std::string const& topic, std::string payload,
                            std::function<void(std::optional<fault>)> done) {
    auto r = http::request();
    r.method = "POST";
    r.body = std::move(payload);
    r.segments = {"v1.1"};
    for (auto& segment : segments_of(topic)) r.segments.push_back(std::move(segment));
    submit(s, who, prepare(*s, who, r, target_of(*s, r)),
           [done = std::move(done)](outcome o, prepared_write const&) { done(std::move(o.refused)); });
  };
  space.subscribe = [feed](session who, std::string filter, std::optional<std::uint64_t> after,
                           std::function<void(topic_message)> send) {
    return feed->subscribe(std::move(who), std::move(filter), after, std::move(send));
  };
  return space;
}

}  // namespace dos::sensorthings
