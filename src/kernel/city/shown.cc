#include "kernel/city/shown.h"

#include <algorithm>

namespace dos {
namespace {

bool is_same(attribute const& a, attribute const& b) { return a.modified_at == b.modified_at && a.value == b.value; }

// Whether a value that was there is still known: as the present one, or to its history.
bool is_kept(attribute_ptr const& then, entity const& today, present const& p) {
  auto const now = today.find(then->name, then->dataset);
  if (now && (now == then || is_same(*now, *then))) return true;
  if (then->series == 0) return bool(now);
  if (!p.entities.find_series(then->series)) return false;
  auto const at = then->observed_at != no_time ? then->observed_at : then->modified_at;
  try {
    auto found = false;
    p.history.for_each(then->series, {.from = at, .to = at + 1, .after = {}}, [&](observation const& o) {
      found = o.value == then->value;
      return !found;
    });
    return found;
  } catch (fault const&) {  // damaged, or not to be had now
    return false;
  }
}

entity_ptr without_erased(entity_ptr const& image, entity const& today, present const& p) {
  auto const gone = [&](attribute_ptr const& a) { return !is_kept(a, today, p); };
  if (std::none_of(image->attributes.begin(), image->attributes.end(), gone)) return image;
  auto e = entity(*image);
  std::erase_if(e.attributes, gone);
  return make_ref<entity>(std::move(e));
}

entity_ptr head_of(entity const& e) {
  auto head = entity(e);
  head.attributes.clear();
  head.more = {};
  return make_ref<entity>(std::move(head));
}

bool has_same_head(entity const& a, entity const& b) { return a.types == b.types && a.scopes == b.scopes && a.more == b.more; }

// Of two images as they are seen. What came or went for who asks did so, whatever was changed.
std::vector<attribute_change> changes_seen(entity_change const& c, entity const* before, entity const& after) {
  auto out = std::vector<attribute_change>();
  auto const is_changed = [&](attribute const& a) {
    return std::any_of(c.attributes.begin(), c.attributes.end(), [&](auto const& x) { return x.name == a.name && x.dataset == a.dataset; });
  };
  for (auto const& a : after.attributes) {
    if (!before || !before->find(a->name, a->dataset)) out.push_back({a->name, a->dataset, attribute_created});
    else if (is_changed(*a)) out.push_back({a->name, a->dataset, attribute_updated});
  }
  if (!before) return out;
  for (auto const& a : before->attributes) {
    if (!after.find(a->name, a->dataset)) out.push_back({a->name, a->dataset, attribute_deleted});
  }
  return out;
}

}  // namespace

std::optional<entity_change> masked(entity_change const& c, model::view const& view) {
  if (view.is_clear()) return c;
  auto seen = c;
  if (c.before) seen.before = view.masked(c.before);
  if (c.is_deletion()) {
    if (!seen.before) return std::nullopt;
  } else {
    seen.after = view.masked(c.after);
    if (!seen.after) return std::nullopt;
  }
  if (seen.before == c.before && seen.after == c.after) return seen;
  seen.attributes = changes_seen(c, seen.before.get(), *seen.after);
  if (seen.attributes.empty() && seen.before && !c.is_deletion() && has_same_head(*seen.before, *seen.after)) return std::nullopt;
  return seen;
}

std::optional<entity_change> shown_today(entity_change const& c, present const& p) {
  auto seen = masked(c, p.view);
  if (!seen) return std::nullopt;
  auto const today = p.entities.find(c.after->id);
  if (!today) {
    if (!c.is_deletion() || !seen->before) return std::nullopt;
    return entity_change{c.position, c.at, head_of(*seen->before), c.after, {}};
  }
  auto const is_gone = c.is_deletion() && today->deleted_at != no_time;
  if (!is_gone && !p.view.reads(*today)) return std::nullopt;
  if (!p.may_be_erased) return seen;
  auto shown = *seen;
  if (shown.before) shown.before = without_erased(shown.before, *today, p);
  shown.after = without_erased(shown.after, *today, p);
  std::erase_if(shown.attributes, [&](attribute_change const& a) {
    auto const then = seen->after->find(a.name, a.dataset);
    if (then) return !shown.after->find(a.name, a.dataset);
    return seen->before && seen->before->find(a.name, a.dataset) && !shown.before->find(a.name, a.dataset);
  });
  if (shown.attributes.empty() && !seen->attributes.empty() && seen->before && !c.is_deletion()) return std::nullopt;
  return shown;
}

}  // namespace dos
