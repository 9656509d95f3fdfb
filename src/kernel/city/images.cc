#include "kernel/city/images.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace dos {
namespace {

std::uint64_t hash_of(std::string_view id) { return std::hash<std::string_view>()(id); }

}  // namespace

std::size_t entity_images::place_of(std::uint64_t hash, std::string_view id) const {
  auto const mask = places_.size() - 1;
  for (auto at = std::size_t(hash) & mask;; at = (at + 1) & mask) {
    auto const i = places_[at];
    if (i == nothing || (entries_[i].hash == hash && entries_[i].id() == id)) return at;
  }
}

std::uint32_t entity_images::index_of(std::uint64_t hash, std::string_view id) const {
  if (!places_.empty()) return places_[place_of(hash, id)];
  for (auto i = std::size_t(0); i < entries_.size(); ++i) {
    if (entries_[i].hash == hash && entries_[i].id() == id) return std::uint32_t(i);
  }
  return nothing;
}

void entity_images::rebuild(std::size_t size) {
  places_.assign(size, nothing);
  for (auto i = std::size_t(0); i < entries_.size(); ++i) {
    auto at = std::size_t(entries_[i].hash) & (size - 1);
    while (places_[at] != nothing) at = (at + 1) & (size - 1);
    places_[at] = std::uint32_t(i);
  }
}

// Most writes are of one entity, which needs no index.
void entity_images::put(entry e) {
  auto place = index_of(e.hash, e.id());
  if (place == nothing) {
    place = std::uint32_t(entries_.size());
    entries_.push_back(std::move(e));
    if (entries_.size() * 2 > places_.size() && entries_.size() > unindexed_max) {
      rebuild(std::max(places_.size() * 2, unindexed_max * 4));
    } else if (!places_.empty()) {
      places_[place_of(entries_.back().hash, entries_.back().id())] = place;
    }
    return;
  }
  auto old = std::exchange(entries_[place], std::move(e));
  if (undo_ && place < undo_->size_) undo_->replaced_.emplace_back(place, std::move(old));
}

void entity_images::set(entity_ptr e) {
  auto const hash = hash_of(e->id);
  put({hash, std::move(e), false});
}

void entity_images::forget(std::string_view id) {
  auto name_only = entity();
  name_only.id = id;
  put({hash_of(id), make_ref<entity>(std::move(name_only)), true});
}

void entity_images::merge(entity_images later) {
  if (entries_.empty()) {
    entries_ = std::move(later.entries_);
    places_ = std::move(later.places_);
    return;
  }
  for (auto& e : later.entries_) put(std::move(e));
}

entity_images::entry const* entity_images::find(std::string_view id) const {
  if (entries_.empty()) return nullptr;
  auto const i = index_of(hash_of(id), id);
  return i == nothing ? nullptr : &entries_[i];
}

void entity_images::undo::roll_back() {
  of_.entries_.resize(size_);
  for (auto i = replaced_.rbegin(); i != replaced_.rend(); ++i) of_.entries_[i->first] = std::move(i->second);
  replaced_.clear();
  if (!of_.places_.empty()) of_.rebuild(of_.places_.size());
}

}  // namespace dos
