#include "kernel/city/governed_write.h"

#include "base/fault.h"
#include "kernel/model/shape.h"
#include "kernel/model/view.h"

namespace dos {
namespace {

constexpr auto keeps_head = "a device's token changes no type, scope or end of an entity that is there";
constexpr auto deletes_nothing = "a device's token adds values; it deletes nothing and rewrites no history";

bool is_same_head(entity const& a, entity const& b) {
  return a.types == b.types && a.scopes == b.scopes && a.more == b.more && a.deleted_at == b.deleted_at;
}

}  // namespace

bool is_brought_by(record_ptr const& brought, principal const& who) { return brought && brought->text_or("by", "") == who.name; }

bool governed_write::brings(std::string_view entity) const {
  return rules_.who.brings_as_told(entity) || is_brought_by(of_.find_record(brought_collection, entity), rules_.who);
}

void governed_write::require_own(std::string_view id) const {
  if (brings(id)) return;
  auto const e = of_.find(id);
  if (!e || !rules_.is_open(*e)) throw fault(fault_kind::not_found, "there is no entity " + std::string(id), "id");
  throw fault(fault_kind::forbidden, "the entity " + std::string(id) + " was not brought by " + rules_.who.name, "id");
}

void governed_write::refuse_removal(std::string_view entity) const {
  require_own(entity);
  throw fault(fault_kind::forbidden, deletes_nothing);
}

entity_ptr governed_write::find(std::string_view id) const {
  if (guard_ && !rules_.holds_timers) {
    auto& through = const_cast<governed_write&>(*this);  // what fell due comes before whoever looks now
    while (guard_->fire_due(through, of_.find(id))) {
    }
  }
  return of_.find(id);
}

entity_ptr governed_write::get(std::string_view id) const {
  if (is_device()) require_own(id);
  return transaction::get(id);
}

// What was done is nobody's to change (model_guard.h).
std::vector<series_ref> governed_write::series_of(std::string_view id) const {
  auto all = of_.series_of(id);
  if (guard_) std::erase_if(all, [](series_ref const& s) { return s.attribute == symbol(model::act_iri); });
  return all;
}

void governed_write::take_in(std::string_view entity) {
  auto const known = of_.find_record(bringer_collection, rules_.who.name);
  auto const* const n = known ? known->find("entities") : nullptr;
  auto const so_far = n ? n->as_int() : 0;
  require(so_far < brought_entities_max, fault_kind::forbidden,
          rules_.who.name + " has brought " + std::to_string(brought_entities_max) + " entities; a device brings no more");
  of_.put_record(brought_collection, entity, json::object{{"by", rules_.who.name}});
  of_.put_record(bringer_collection, rules_.who.name, json::object{{"entities", so_far + 1}});
}

// Before it is put.
void governed_write::judge_device(entity const& e, entity_ptr const& before) {
  if (!before) {
    if (!rules_.who.brings_as_told(e.id)) take_in(e.id);
    return;
  }
  require(brings(e.id), fault_kind::forbidden, "the entity " + e.id + " was not brought by " + rules_.who.name, "id");
  for (auto const& a : e.attributes) {  // what comes to its end leaves with its history
    auto const is_told_to_end = a->more.is_object() && a->more.find("expiresAt") && before->find(a->name, a->dataset) != a;
    require(!is_told_to_end, fault_kind::forbidden, keeps_head);
  }
  if (before->deleted_at == no_time) {
    require(is_same_head(*before, e), fault_kind::forbidden, keeps_head);
    for (auto const& old : before->attributes) require(bool(e.find(old->name, old->dataset)), fault_kind::forbidden, deletes_nothing);
  } else {  // it comes again
    require(before->types == e.types, fault_kind::forbidden, keeps_head);
  }
}

// What is measured is not lost because it is strange.
void governed_write::mark_doubtful(entity& e, entity_ptr const& before) const {
  auto const* const m = guard_->model_of(e);
  if (!m) return;
  for (auto& a : e.attributes) {
    auto const* const rule = m->find(a->name);
    if (!rule || !model::is_out_of_range(*rule, *a) || (before && before->find(a->name, a->dataset) == a)) continue;
    auto mark = attribute();
    mark.name = symbol(quality_iri);
    mark.value = json::value(doubtful);
    writable(a).attributes.push_back(make_attribute(std::move(mark)));
  }
}

std::uint64_t governed_write::put(entity e, keep k) {
  auto const before = of_.find(e.id);
  if (is_device()) judge_device(e, before);
  if (!guard_) return of_.put(std::move(e), k);
  if (is_device()) mark_doubtful(e, before);
  guard_->complete(e, before);
  auto const begins = e.deleted_at == no_time && (!before || before->deleted_at != no_time);
  auto const id = begins ? e.id : std::string();
  auto const number = of_.put(std::move(e), k);
  if (begins) guard_->note_creation(id);
  return number;
}

void governed_write::erase(std::string_view id) {
  if (is_device()) refuse_removal(id);
  of_.erase(id);
}

void governed_write::forget(std::string_view id) {
  if (is_device()) refuse_removal(id);
  if (guard_) guard_->require_removable(id);
  of_.forget(id);
}

void governed_write::require_history(std::uint64_t series) const {
  if (auto const named = of_.find_series(series)) guard_->require_history(named->first, named->second.attribute);
}

std::uint64_t governed_write::observe(series_key const& series, observation o) {
  if (is_device()) require_own(series.entity);
  if (guard_) guard_->require_history(series.entity, series.attribute);
  return of_.observe(series, std::move(o));
}

std::uint64_t governed_write::observe(std::uint64_t series, std::vector<observation> all) {
  if (is_device()) require_own(of_.owner_of(series));
  if (guard_) require_history(series);
  return of_.observe(series, std::move(all));
}

std::uint64_t governed_write::start_series(series_key const& series) {
  if (is_device()) require_own(series.entity);
  if (guard_) guard_->require_history(series.entity, series.attribute);
  return of_.start_series(series);
}

void governed_write::change_observation(std::uint64_t series, std::uint64_t number, observation o) {
  if (is_device()) refuse_removal(of_.owner_of(series));
  if (guard_) require_history(series);
  of_.change_observation(series, number, std::move(o));
}

void governed_write::remove_observation(std::uint64_t series, std::uint64_t number) {
  if (is_device()) refuse_removal(of_.owner_of(series));
  if (guard_) require_history(series);
  of_.remove_observation(series, number);
}

void governed_write::remove_series(std::string_view entity, std::uint64_t series) {
  if (is_device()) refuse_removal(entity);
  if (guard_) require_history(series);
  of_.remove_series(entity, series);
}

std::optional<fault> governed_write::attempt(std::function<void()> const& part) {
  if (!guard_) return of_.attempt(part);
  auto const before = guard_->here();
  auto f = of_.attempt([&] {
    part();
    guard_->check(before);
  });
  if (f) guard_->undo_to(before);
  else guard_->checked(before);
  return f;
}

entity_ptr governed_write::act(std::string_view id, std::string_view action, json::object fields, acting const& how) {
  if (!guard_) return of_.act(id, action, std::move(fields), how);
  return guard_->act(*this, id, action, std::move(fields), how);
}

void governed_write::adopt(model::registry_ptr r) {
  require(rules_.who.may_administer(), fault_kind::forbidden, "packages are the administrators'");
  of_.adopt(std::move(r));
}

void governed_write::finish() {
  if (guard_) guard_->finish();
}

void governed_write::fire(timer const& t) {
  auto const f = attempt([&] { guard_->fire(*this, t); });
  if (f) guard_->drop(t, *f);
}

void governed_write::require_note(std::string_view collection) const {
  auto const is_guards = collection == number_collection || collection == once_collection || collection == timer_collection;
  require(!is_guards, fault_kind::forbidden, "what was assigned, used up or done is not written by hand");
  require(!is_device() || rules_.notes.contains(collection), fault_kind::forbidden, "a device's token changes no records of the platform");
}

void governed_write::put_record(std::string_view collection, std::string_view key, json::value v) {
  require_note(collection);
  of_.put_record(collection, key, std::move(v));
}

void governed_write::erase_record(std::string_view collection, std::string_view key) {
  require_note(collection);
  of_.erase_record(collection, key);
}

}  // namespace dos
