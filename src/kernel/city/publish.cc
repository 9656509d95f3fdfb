#include "kernel/city/publish.h"

#include <algorithm>
#include <mutex>

#include "kernel/city/instance.h"

namespace dos {
namespace {

// So many entities or series are asked for at once, before they are changed one by one.
constexpr std::size_t fetched_ahead = 64;

void publish_entities(entity_images const& after, entity_store& entities) {
  auto ids = std::vector<std::string_view>();
  for (auto next = after.begin(); next != after.end();) {
    auto const end = next + std::min(std::ptrdiff_t(fetched_ahead), after.end() - next);
    ids.clear();
    std::transform(next, end, std::back_inserter(ids), [](auto const& e) { return std::string_view(e.id()); });
    entities.fetch_ahead(ids);
    for (; next != end; ++next) {
      if (next->forgotten)
        entities.forget(next->id());
      else
        entities.put(next->held);
    }
  }
}

// The series that an effect adds to, so that their memory can be asked for.
void add_series_of(effect::any const& any, std::vector<series_id>& out) {
  auto const add = each_of{[&](effect::entity_changed const& e) {
                             if (!e.first_number) return;
                             for (auto const& a : e.set) {
                               if (a->series) out.push_back(a->series);
                             }
                           },
                           [&](effect::observed const& e) { out.push_back(e.series); },
                           ignoring<effect::observed_many, effect::entity_forgotten, effect::series_started,
                                    effect::series_removed, effect::observation_changed, effect::observation_removed,
                                    effect::record_written, effect::counted_in_ledger>()};
  std::visit(add, any);
}

void publish_history(std::uint64_t position, timestamp at, effect::entity_changed const& e, history& h) {
  if (!e.first_number) return;
  auto number = e.first_number;
  for (auto const& a : e.set) {
    auto const n = number++;
    if (a->series) h.add(position, a->series, to_observation(*a, n));
  }
  for (auto const& r : e.removed) {
    auto const n = number++;
    if (r.series) h.add(position, r.series, to_deletion(at, n));
  }
}

// Entities themselves are published before, see there.
class effect_publisher {
 public:
  effect_publisher(std::uint64_t position, timestamp at, published_state const& into)
      : position_(position), at_(at), to_(into) {}

  void operator()(effect::entity_changed const& e) const { publish_history(position_, at_, e, to_.history); }
  void operator()(effect::entity_forgotten const&) const { erased(); }
  void operator()(effect::series_started const& e) const {
    if (to_.entities.find(e.entity)) to_.entities.add_series(e.entity, e.series);
  }
  void operator()(effect::series_removed const& e) const {
    to_.history.remove_series(position_, e.series);
    if (to_.entities.find(e.entity)) to_.entities.remove_series(e.entity, e.series);
    erased();
  }
  void operator()(effect::observed const& e) const { to_.history.add(position_, e.series, e.observation); }
  void operator()(effect::observed_many const& e) const {
    for (auto const& one : e.observations) to_.history.add(position_, e.series, one);
  }
  void operator()(effect::observation_changed const& e) const {
    to_.history.change(position_, e.series, e.observation);
    erased();
  }
  void operator()(effect::observation_removed const& e) const {
    to_.history.remove(position_, e.series, e.number);
    erased();
  }
  void operator()(effect::record_written const& e) const {
    to_.records.put(e.collection, e.key, e.record);
    if (e.collection == open_types_collection.name) to_.open.note(e.key, e.record);
  }
  void operator()(effect::counted_in_ledger const&) const {}  // the follower's

 private:
  void erased() const { to_.erased_at = position_; }

  std::uint64_t position_;
  timestamp at_;
  published_state const& to_;
};

void publish_effects(std::uint64_t position, write_effects const& w, published_state const& into) {
  auto const& all = w.effects;
  auto series = std::vector<series_id>();
  auto const publish_one = effect_publisher(position, w.at, into);
  for (auto i = std::size_t(0); i < all.size(); ++i) {
    if (all.size() >= fetched_ahead && i % fetched_ahead == 0) {
      series.clear();
      for (auto n = i; n < std::min(i + fetched_ahead, all.size()); ++n) add_series_of(all[n], series);
      into.history.fetch_ahead(series);
    }
    std::visit(publish_one, all[i]);
  }
}

}  // namespace

void open_types::note(std::string_view key, record_ptr const& r) {
  auto const lock = std::unique_lock(mutex_);
  if (r)
    types_.insert(symbol(r->text_or("type", key)));
  else
    types_.erase(symbol(key));
}

bool open_types::contains(symbol type) const {
  auto const lock = std::shared_lock(mutex_);
  return types_.contains(type);
}

void publish(committed_batch const& b, published_state const& into) {
  publish_entities(b.after, into.entities);
  for (auto const& w : b.writes) publish_effects(b.position, w.effects, into);
}

}  // namespace dos
