#include "kernel/city/replay.h"

#include <algorithm>

namespace dos {
namespace {

// Goes on behind what an effect assigned.
class counter {
 public:
  explicit counter(counters& numbers) : numbers_(numbers) {}

  void operator()(effect::entity_changed const& e) {
    if (e.first_number) observed_to(e.first_number + e.set.size() + e.removed.size());
  }
  void operator()(effect::series_started const& e) {
    numbers_.next_series = std::max(numbers_.next_series, e.series.series + 1);
  }
  void operator()(effect::observed const& e) { observed_to(e.observation.number + 1); }
  void operator()(effect::observed_many const& e) {
    if (!e.observations.empty()) observed_to(e.observations.back().number + 1);
  }
  // These assign nothing.
  void operator()(effect::entity_forgotten const&) {}
  void operator()(effect::series_removed const&) {}
  void operator()(effect::observation_changed const&) {}
  void operator()(effect::observation_removed const&) {}
  void operator()(effect::record_written const&) {}
  void operator()(effect::counted_in_ledger const&) {}

 private:
  void observed_to(std::uint64_t end) { numbers_.next_observation = std::max(numbers_.next_observation, end); }
  counters& numbers_;
};

committed_write replay_write(write_effects w, std::uint64_t position, entity_store const& entities,
                             entity_images& after, counters& numbers) {
  auto result = committed_write();
  auto const changed = [&](effect::entity_changed const& e) {
    auto const* const known = after.find(e.id);
    auto const before = known ? known->image() : entities.find(e.id);
    auto image = apply(before ? entity(*before) : entity(), e, w.at, position);
    result.images.push_back({before, image});
    after.set(std::move(image));
  };
  // What is no image of an entity is published from the effect itself.
  auto const images = each_of{changed,
                              [&](effect::entity_forgotten const& e) { after.forget(e.id); },
                              ignoring<effect::series_started, effect::series_removed, effect::observed,
                                       effect::observed_many, effect::observation_changed, effect::observation_removed,
                                       effect::record_written, effect::counted_in_ledger>()};
  for (auto const& any : w.effects) {
    std::visit(counter(numbers), any);
    std::visit(images, any);
  }
  numbers.last_write = std::max(numbers.last_write, w.at);
  result.effects = std::move(w);
  return result;
}

}  // namespace

committed_batch replay(store::log_batch const& b, shared_names& names, entity_store const& entities,
                       counters& numbers) {
  auto committed = committed_batch();
  auto decoded = batch();
  {
    auto const lock = std::lock_guard(names.mutex);
    decoded = decode_batch(b.bytes, names.table);
    committed.names = names.table.size();
  }
  committed.position = b.at;
  committed.bytes = b.bytes.size();
  for (auto& w : decoded.writes) {
    committed.writes.push_back(replay_write(std::move(w), b.at, entities, committed.after, numbers));
  }
  numbers.last_write = std::max(numbers.last_write, b.time);
  return committed;
}

}  // namespace dos
