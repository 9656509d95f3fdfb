#include "kernel/city/changes.h"

#include "kernel/graph/attribute_editor.h"
#include "kernel/model/view.h"

namespace dos {
namespace {

class teller {
 public:
  teller(std::uint64_t position, timestamp at, std::span<image_pair const> images, entity_store const& owners,
         std::vector<change>& out)
      : position_(position), at_(at), images_(images), owners_(owners), out_(out) {}

  void operator()(effect::entity_changed const& e) {
    auto const& [before, after] = images_.front();
    images_ = images_.subspan(1);
    auto const lived = before && before->deleted_at == no_time;
    if (!lived && after->deleted_at != no_time) return;  // there is nothing but history, as before
    auto c = entity_change{position_, at_, lived ? before : entity_ptr(), after, {}};
    c.attributes.reserve(e.set.size() + e.removed.size());
    static auto const none = std::vector<attribute_ptr>();
    auto const known = attribute_places(before ? before->attributes : none);
    for (auto const& a : e.set) c.attributes.push_back({a->name, a->dataset, known.contains(*a) ? attribute_updated : attribute_created});
    for (auto const& r : e.removed) c.attributes.push_back({r.name, r.dataset, attribute_deleted});
    out_.emplace_back(std::in_place_type<entity_change>, std::move(c));
  }
  void operator()(effect::entity_forgotten const& e) {
    auto h = history_change();
    h.entity = e.id;
    h.what = history_change::kind::forgotten;
    add(std::move(h));
  }
  void operator()(effect::series_started const&) {}
  void operator()(effect::series_removed const& e) {
    auto h = history_change();
    h.entity = e.entity;
    h.series = e.series;
    h.what = history_change::kind::series_removed;
    add(std::move(h));
  }
  void operator()(effect::observed const& e) { add(history_change::kind::observed, e.series, e.observation.number, 1); }
  void operator()(effect::observed_many const& e) {
    if (e.observations.empty()) return;
    add(history_change::kind::observed, e.series, e.observations.front().number, e.observations.size());
  }
  void operator()(effect::observation_changed const& e) {
    add(history_change::kind::changed, e.series, e.observation.number, 1);
  }
  void operator()(effect::observation_removed const& e) { add(history_change::kind::removed, e.series, e.number, 1); }
  void operator()(effect::record_written const& e) {
    out_.emplace_back(std::in_place_type<record_change>, record_change{position_, at_, e.collection, e.key, e.record});
  }
  void operator()(effect::counted_in_ledger const&) {}

 private:
  void add(history_change::kind what, std::uint64_t series, std::uint64_t first, std::uint64_t count) {
    // Rows of one series are told together.
    auto* const last = out_.empty() ? nullptr : std::get_if<history_change>(&out_.back());
    if (last && last->position == position_ && last->series == series && last->what == what &&
        last->first_number + last->count == first) {
      last->count += count;
      return;
    }
    auto const owner = owners_.find_series(series);
    static auto const acts = symbol(model::act_iri);  // what was done is told by what it changed
    if (!owner || owner->series.attribute == acts) return;
    auto h = history_change();
    h.entity = owner->entity->id;
    h.name = owner->series.attribute;
    h.dataset = owner->series.dataset;
    h.series = series;
    h.what = what;
    h.first_number = first;
    h.count = count;
    add(std::move(h));
  }
  void add(history_change h) {
    h.position = position_;
    h.at = at_;
    out_.emplace_back(std::in_place_type<history_change>, std::move(h));
  }

  std::uint64_t position_;
  timestamp at_;
  std::span<image_pair const> images_;
  entity_store const& owners_;
  std::vector<change>& out_;
};

}  // namespace

void append_changes(std::uint64_t position, write_effects const& w, std::span<image_pair const> images,
                    entity_store const& owners, std::vector<change>& out) {
  auto tell = teller(position, w.at, images, owners, out);
  for (auto const& e : w.effects) std::visit(tell, e);
}

}  // namespace dos
