#include "kernel/city/pending.h"

#include <algorithm>
#include <unordered_set>

#include "kernel/city/instance.h"
#include "kernel/graph/attribute_editor.h"

namespace dos {
namespace {

bool same_head(entity const& a, entity const& b) {
  return a.types == b.types && a.scopes == b.scopes && a.more == b.more && a.deleted_at == b.deleted_at;
}

std::uint64_t attribute_name(symbol attribute, symbol dataset) { return std::uint64_t(attribute.number()) << 32 | dataset.number(); }

std::vector<attribute_ptr> const& attributes_of(entity_ptr const& e) {
  static auto const none = std::vector<attribute_ptr>();
  return e ? e->attributes : none;
}

constexpr std::size_t asks_without_index = 16;

// Attributes of both stand in the same order in both, and none of `before` is missing.
bool same_order(entity_ptr const& before, entity const& e) {
  if (!before) return true;
  return before->attributes.size() <= e.attributes.size() &&
         std::equal(before->attributes.begin(), before->attributes.end(), e.attributes.begin(),
                    [](auto const& a, auto const& b) { return a->name == b->name && a->dataset == b->dataset; });
}

}  // namespace

entity_ptr transaction::get(std::string_view id) const {
  auto found = find(id);
  if (!found || found->deleted_at != no_time) throw fault(fault_kind::not_found, "there is no entity " + std::string(id), "id");
  return found;
}

entity_ptr pending_write::find(std::string_view id) const {
  for (auto const* const layer : {&own_, &earlier_}) {
    if (auto const* const e = layer->entities.find(id)) return e->image();
  }
  return committed_.entities.find(id);
}

record_ptr pending_write::find_record(std::string_view collection, std::string_view key) const {
  for (auto const* const layer : {&own_, &earlier_}) {
    if (layer->records.empty()) continue;
    if (auto const it = layer->records.find({std::string(collection), std::string(key)}); it != layer->records.end()) {
      return it->second;
    }
  }
  return committed_.records.find(collection, key);
}

std::vector<series_ref> pending_write::series_of(std::string_view id) const {
  auto all = committed_.entities.series_of(id);
  for (auto const* const layer : {&earlier_, &own_}) {
    if (auto const it = layer->started.find(id); it != layer->started.end()) {
      all.insert(all.end(), it->second.begin(), it->second.end());
    }
    if (auto const it = layer->ended.find(id); it != layer->ended.end()) {
      auto const gone = std::unordered_set<std::uint64_t>(it->second.begin(), it->second.end());
      std::erase_if(all, [&](series_ref const& s) { return gone.contains(s.series); });
    }
  }
  return all;
}

std::optional<std::pair<std::string, series_ref>> pending_write::find_series(std::uint64_t series) const {
  if (auto const known = committed_.entities.find_series(series)) return std::pair(known->entity->id, known->series);
  for (auto const* const layer : {&own_, &earlier_}) {
    for (auto const& [id, all] : layer->started) {
      auto const it = std::find_if(all.begin(), all.end(), [&](series_ref const& s) { return s.series == series; });
      if (it != all.end()) return std::pair(id, *it);
    }
  }
  return std::nullopt;
}

std::string pending_write::owner_of(std::uint64_t series) const {
  auto named = find_series(series);
  return named ? std::move(named->first) : std::string();
}

// Asked for one attribute of an entity after the other: its series are looked up once, and many by name.
std::uint64_t pending_write::series_for(std::string_view entity, symbol attribute, symbol dataset, attribute_kind kind) {
  if (asked_.entity != entity) asked_ = {std::string(entity), series_of(entity), {}, 0};
  auto& [name, all, places, asks] = asked_;
  if (asks++ < asks_without_index) {
    for (auto const& s : all) {
      if (s.attribute == attribute && s.dataset == dataset) return s.series;
    }
  } else {
    if (places.empty()) {
      for (auto const& s : all) places.try_emplace(attribute_name(s.attribute, s.dataset), s.series);
    }
    if (auto const it = places.find(attribute_name(attribute, dataset)); it != places.end()) return it->second;
  }
  if (all.size() >= entity_series_max) {
    throw fault(fault_kind::too_large, "an entity has at most " + std::to_string(entity_series_max) +
                                           " series, counted with those of attributes that are gone: " + name);
  }
  auto const s = series_ref{counters_.next_series++, attribute, dataset, kind};
  own_.started[name].push_back(s);
  all.push_back(s);
  if (!places.empty()) places.emplace(attribute_name(attribute, dataset), s.series);
  if (undo_) undo_->started.emplace_back(entity);
  effects_.push_back(effect::series_started{std::string(entity), s});
  return s.series;
}

// Attributes of a time that is not believed leave the entity; what is stored of them takes their place. What has been
// stored with such a time, when that was believed, may be changed in other respects.
std::vector<attribute_ptr> pending_write::set_unbelieved_aside(entity& e, entity_ptr const& before) const {
  auto aside = std::vector<attribute_ptr>();
  auto const is_believed = [&](attribute_ptr const& a) { return a->observed_at <= when_.believed_until; };
  if (std::all_of(e.attributes.begin(), e.attributes.end(), is_believed)) return aside;
  auto kept = std::vector<attribute_ptr>();
  auto const& olds = attributes_of(before);
  auto const known = attribute_places(olds);
  for (auto& a : e.attributes) {
    auto const place = is_believed(a) ? attribute_places::nowhere : known.find(a->name, a->dataset);
    auto const old = place == attribute_places::nowhere ? attribute_ptr() : olds[place];
    if (is_believed(a) || (old && old->observed_at == a->observed_at)) {
      kept.push_back(std::move(a));
      continue;
    }
    if (old) kept.push_back(old);
    aside.push_back(std::move(a));
  }
  e.attributes = std::move(kept);
  return aside;
}

std::uint64_t pending_write::put(entity e, keep k) {
  auto const before = find(e.id);
  if (e.attributes.size() > entity_attributes_max && (!before || e.attributes.size() > before->attributes.size())) {
    throw fault(fault_kind::too_large, "an entity has at most " + std::to_string(entity_attributes_max) +
                                           " attributes, each dataset counted: " + e.id + " would have " + std::to_string(e.attributes.size()));
  }
  auto aside = set_unbelieved_aside(e, before);
  if (aside.empty()) return put_believed(std::move(e), before, k);
  set_aside_ += aside.size();
  auto const id = e.id;
  auto first_number = put_believed(std::move(e), before, k);
  if (k == keep::nothing) return first_number;
  for (auto const& a : aside) {
    auto stamped = attribute(*a);
    stamped.modified_at = at_;
    auto const number = observe({id, a->name, a->dataset, a->kind}, to_observation(stamped, 0));
    if (first_number == 0) first_number = number;
  }
  return first_number;
}

std::uint64_t pending_write::put_believed(entity e, entity_ptr const& before, keep k) {
  auto const lived = before && before->deleted_at == no_time;
  auto change = effect::entity_changed();
  change.id = e.id;
  change.created = !lived && e.deleted_at == no_time;
  change.head = !before || !same_head(*before, e);
  if (change.head) {
    change.types = e.types;
    change.scopes = e.scopes;
    change.more = e.more;
    change.deleted_at = e.deleted_at;
  }
  auto const& olds = attributes_of(before);
  auto const known = attribute_places(olds);
  for (auto i = std::size_t(0); i < e.attributes.size(); ++i) {
    auto& mine = e.attributes[i];
    auto const place = known.find(mine->name, mine->dataset, i);
    auto const old = place == attribute_places::nowhere ? attribute_ptr() : olds[place];
    if (old == mine) continue;
    auto& fresh = writable(mine);
    fresh.created_at = old ? old->created_at : at_;
    fresh.modified_at = at_;
    fresh.series = k == keep::nothing ? (old && old->series ? old->series : mine->series)
                   : old && old->series ? old->series
                                        : series_for(e.id, fresh.name, fresh.dataset, fresh.kind);
    change.set.push_back(mine);
  }
  if (before) {
    auto const left = attribute_places(e.attributes);
    for (auto i = std::size_t(0); i < olds.size(); ++i) {
      auto const& old = olds[i];
      if (left.contains(*old, i)) continue;
      change.removed.push_back({old->name, old->dataset, k == keep::history ? old->series : 0});
    }
  }
  if (!change.head && change.set.empty() && change.removed.empty()) return 0;
  if (k == keep::history) {
    change.first_number = counters_.next_observation;
    counters_.next_observation += change.set.size() + change.removed.size();
  }
  auto const first_number = counters_.next_observation > change.first_number ? change.first_number : 0;
  if (before && before->version < when_.images_from) change.before = before;
  // The image is what a replay of the effect will make of `before`; mostly that is `e` itself.
  e.created_at = before ? before->created_at : no_time;
  auto after = apply(same_order(before, e) ? std::move(e) : before ? entity(*before) : entity(), change, at_, when_.position);
  images_.push_back({before, after});
  own_.entities.set(std::move(after));
  effects_.push_back(std::move(change));
  return first_number;
}

void pending_write::erase(std::string_view id) {
  auto const before = get(id);
  auto gone = entity();
  gone.id = before->id;
  gone.types = before->types;
  gone.scopes = before->scopes;
  gone.more = before->more;
  gone.deleted_at = at_;
  put(std::move(gone), keep::history);
}

void pending_write::forget(std::string_view id) {
  auto const before = find(id);
  if (!before) throw fault(fault_kind::not_found, "there is no entity " + std::string(id), "id");
  if (before->deleted_at == no_time) erase(id);
  for (auto const& s : series_of(id)) end_series(id, s.series);
  own_.entities.forget(id);
  effects_.push_back(effect::entity_forgotten{std::string(id)});
  let_go(id);
}

// Who brought it is forgotten with it.
void pending_write::let_go(std::string_view id) {
  auto const brought = find_record(brought_collection, id);
  if (!brought) return;
  auto const by = std::string(brought->text_or("by", ""));
  erase_record(brought_collection, id);
  auto const bringer = find_record(bringer_collection, by);
  auto const* const n = bringer ? bringer->find("entities") : nullptr;
  if (n && n->as_int() > 1) put_record(bringer_collection, by, json::object{{"entities", n->as_int() - 1}});
  else if (bringer) erase_record(bringer_collection, by);
}

entity_ptr pending_write::act(std::string_view id, std::string_view action, json::object, acting const&) {
  get(id);
  throw fault(fault_kind::not_found, "there is no action " + std::string(action) + " for it", "action");
}

std::uint64_t pending_write::observe(series_key const& series, observation o) {
  DOS_CHECK(find(series.entity));
  auto const id = series_for(series.entity, series.attribute, series.dataset, series.kind);
  o.number = counters_.next_observation++;
  auto const number = o.number;
  effects_.push_back(effect::observed{id, std::move(o)});
  return number;
}

std::uint64_t pending_write::observe(std::uint64_t series, std::vector<observation> all) {
  auto const first = counters_.next_observation;
  for (auto& o : all) o.number = counters_.next_observation++;
  effects_.push_back(effect::observed_many{series, std::move(all)});
  return first;
}

std::uint64_t pending_write::start_series(series_key const& series) {
  DOS_CHECK(find(series.entity));
  return series_for(series.entity, series.attribute, series.dataset, series.kind);
}

void pending_write::change_observation(std::uint64_t series, std::uint64_t number, observation o) {
  o.number = number;
  effects_.push_back(effect::observation_changed{series, std::move(o)});
}

void pending_write::remove_observation(std::uint64_t series, std::uint64_t number) {
  effects_.push_back(effect::observation_removed{series, number});
}

// Some standards know an entity by the least number of its series: that number stays with it for ever.
void pending_write::remove_series(std::string_view entity, std::uint64_t series) {
  auto const all = series_of(entity);
  auto const is_least = std::all_of(all.begin(), all.end(), [&](series_ref const& s) { return s.series >= series; });
  end_series(entity, series);
  if (!is_least || !find(entity)) return;
  effects_.push_back(effect::series_started{std::string(entity), {series, symbol(entity_number_iri), {}, attribute_kind::property}});
}

void pending_write::end_series(std::string_view entity, std::uint64_t series) {
  asked_ = {};
  own_.ended[std::string(entity)].push_back(series);
  if (undo_) undo_->ended.emplace_back(entity);
  effects_.push_back(effect::series_removed{std::string(entity), series});
}

std::optional<fault> pending_write::attempt(std::function<void()> const& part) {
  DOS_CHECK(!undo_);
  auto undo = undo_list();
  auto images = entity_images::undo(own_.entities);
  auto const effects = effects_.size();
  auto const images_before = images_.size();
  auto const numbers = counters_;
  auto const counted = has_counted_;
  auto const aside = set_aside_;
  undo_ = &undo;
  try {
    part();
    undo_ = nullptr;
    ++good_parts_;
    return std::nullopt;
  } catch (fault const& f) {
    undo_ = nullptr;
    take_back(undo);
    images.roll_back();
    effects_.resize(effects);
    images_.resize(images_before);
    counters_ = numbers;
    has_counted_ = counted;
    set_aside_ = aside;
    failed_parts_.push_back(f.kind);
    return f;
  }
}

void pending_write::take_back(undo_list const& undo) {
  asked_ = {};
  for (auto const& id : undo.started) own_.started[id].pop_back();
  for (auto const& id : undo.ended) own_.ended[id].pop_back();
  for (auto i = undo.records.rbegin(); i != undo.records.rend(); ++i) {
    if (i->second) own_.records.insert_or_assign(i->first, *i->second);
    else own_.records.erase(i->first);
  }
}

void pending_write::set_record(std::string_view collection, std::string_view key, record_ptr r) {
  auto name = std::pair(std::string(collection), std::string(key));
  if (undo_) {
    auto const old = own_.records.find(name);
    undo_->records.emplace_back(name, old == own_.records.end() ? std::optional<record_ptr>() : old->second);
  }
  own_.records.insert_or_assign(std::move(name), r);
  effects_.push_back(effect::record_written{std::string(collection), std::string(key), std::move(r)});
}

void pending_write::put_record(std::string_view collection, std::string_view key, json::value v) {
  set_record(collection, key, std::make_shared<json::value const>(std::move(v)));
}

void pending_write::erase_record(std::string_view collection, std::string_view key) { set_record(collection, key, nullptr); }

void pending_write::count(std::string_view source, tally what, std::uint64_t n, std::string_view reason) {
  has_counted_ = true;
  effects_.push_back(effect::counted_in_ledger{std::string(source), what, std::string(reason), n});
}

void merge(overlay& base, overlay later) {
  base.entities.merge(std::move(later.entities));
  for (auto& [key, r] : later.records) base.records.insert_or_assign(key, std::move(r));
  for (auto& [id, list] : later.started) {
    auto& all = base.started[id];
    all.insert(all.end(), list.begin(), list.end());
  }
  for (auto& [id, list] : later.ended) {
    auto& all = base.ended[id];
    all.insert(all.end(), list.begin(), list.end());
  }
}

}  // namespace dos
