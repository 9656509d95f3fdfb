// Writes that are decided but not yet committed: what a transaction sees on top of the committed state, and the effects
// it leaves. One thread, the sequencer's.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/record_collection.h"
#include "kernel/city/batch.h"
#include "kernel/city/images.h"
#include "kernel/city/session.h"
#include "kernel/graph/entity_store.h"

namespace dos {

// What the log has assigned so far.
struct counters {
  std::uint64_t next_observation = 1;
  std::uint64_t next_series = 1;
  timestamp last_write = timestamp_min;
};

// The committed state that decisions start from.
struct committed_state {
  entity_store const& entities;
  record_table const& records;
};

// When a write happens: its time, up to when its source's times are believed, its batch in the log, and batch::images_from.
struct write_moment {
  timestamp at;
  timestamp believed_until;
  std::uint64_t position = 0;
  std::uint64_t images_from = 0;
};

// What one entity_changed found and left.
struct image_pair {
  entity_ptr before, after;
};

// What one batch, or one write of it, has changed so far.
struct overlay {
  entity_images entities;
  std::map<std::pair<std::string, std::string>, record_ptr> records;
  std::map<std::string, std::vector<series_ref>, std::less<>> started;  // series, per entity
  std::map<std::string, std::vector<std::uint64_t>, std::less<>> ended;
};

// Records {"by": name of the device} by entity: who brought it. They live as long as anything of the entity does.
inline constexpr auto brought_collection = record_collection{"brought", "kernel/city", "id of an entity"};
// Records {"entities": n} by name of a device: how many it has brought.
inline constexpr auto bringer_collection = record_collection{"bringer", "kernel/city", "name of a device"};

class pending_write final : public transaction {
 public:
  pending_write(committed_state committed, overlay const& earlier, counters from, write_moment when)
      : committed_(committed), earlier_(earlier), counters_(from), when_(when), at_(when.at) {}

  void expect(std::span<std::string_view const> ids) override { committed_.entities.fetch_ahead(ids); }
  timestamp now() const override { return at_; }
  timestamp believed_until() const override { return when_.believed_until; }
  entity_ptr find(std::string_view id) const override;
  record_ptr find_record(std::string_view collection, std::string_view key) const override;
  std::vector<series_ref> series_of(std::string_view id) const override;
  // The entity, and which of its series that is.
  std::optional<std::pair<std::string, series_ref>> find_series(std::uint64_t series) const;
  std::string owner_of(std::uint64_t series) const;  // the entity; empty: there is no such series
  std::uint64_t put(entity e, keep k) override;
  void erase(std::string_view id) override;
  void forget(std::string_view id) override;
  std::uint64_t observe(series_key const& series, observation o) override;
  std::uint64_t observe(std::uint64_t series, std::vector<observation> all) override;
  std::uint64_t start_series(series_key const& series) override;
  void change_observation(std::uint64_t series, std::uint64_t number, observation o) override;
  void remove_observation(std::uint64_t series, std::uint64_t number) override;
  void remove_series(std::string_view entity, std::uint64_t series) override;
  std::optional<fault> attempt(std::function<void()> const& part) override;
  void put_record(std::string_view collection, std::string_view key, json::value v) override;
  void erase_record(std::string_view collection, std::string_view key) override;
  void count(std::string_view source, tally what, std::uint64_t n, std::string_view reason) override;

  // Not decided here: a write that is not guarded knows no models.
  entity_ptr act(std::string_view id, std::string_view action, json::object fields, acting const& how) override;
  void adopt(model::registry_ptr r) override { adopted_ = std::move(r); }
  model::registry_ptr const& adopted() const { return adopted_; }
  std::vector<image_pair> const& images() const { return images_; }  // of each entity_changed so far, in order

  // After a decision that stands.
  bool has_counted() const { return has_counted_; }
  std::size_t good_parts() const { return good_parts_; }
  std::size_t set_aside() const { return set_aside_; }
  std::vector<fault_kind> const& failed_parts() const { return failed_parts_; }
  write_effects take_effects() { return {at_, std::move(effects_)}; }
  std::vector<image_pair> take_images() { return std::move(images_); }  // of each entity_changed, in order
  overlay take_overlay() { return std::move(own_); }
  counters const& numbers() const { return counters_; }

 private:
  std::vector<attribute_ptr> set_unbelieved_aside(entity& e, entity_ptr const& before) const;
  std::uint64_t put_believed(entity e, entity_ptr const& before, keep k);
  void let_go(std::string_view id);
  void end_series(std::string_view entity, std::uint64_t series);
  std::uint64_t series_for(std::string_view entity, symbol attribute, symbol dataset, attribute_kind kind);
  void set_record(std::string_view collection, std::string_view key, record_ptr r);
  // What one attempt did beside the images, in order, to be taken back.
  struct undo_list {
    std::vector<std::string> started, ended;  // an entity for each series
    std::vector<std::pair<std::pair<std::string, std::string>, std::optional<record_ptr>>> records;
  };
  void take_back(undo_list const& undo);

  committed_state committed_;
  overlay const& earlier_;
  overlay own_;
  counters counters_;
  write_moment when_;
  timestamp at_;
  std::vector<effect::any> effects_;
  std::vector<image_pair> images_;
  undo_list* undo_ = nullptr;
  struct {
    std::string entity;
    std::vector<series_ref> all;
    std::unordered_map<std::uint64_t, std::uint64_t> places;  // by attribute and dataset, once it is worth it
    std::size_t asks = 0;
  } asked_;
  model::registry_ptr adopted_;
  bool has_counted_ = false;
  std::size_t good_parts_ = 0;
  std::size_t set_aside_ = 0;
  std::vector<fault_kind> failed_parts_;
};

// Lays `later` over `base`.
void merge(overlay& base, overlay later);

}  // namespace dos
