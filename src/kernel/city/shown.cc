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

}  // namespace

std::optional<entity_change> shown_today(entity_change const& c, present const& p) {
  if (!p.sees(c.image())) return std::nullopt;
  auto const today = p.entities.find(c.after->id);
  if (!today) {
    if (!c.is_deletion() || !c.before) return std::nullopt;
    return entity_change{c.position, c.at, head_of(*c.before), c.after, {}};
  }
  if (!p.sees(*today)) return std::nullopt;
  if (!p.may_be_erased) return c;
  auto shown = c;
  if (shown.before) shown.before = without_erased(shown.before, *today, p);
  shown.after = without_erased(shown.after, *today, p);
  std::erase_if(shown.attributes, [&](attribute_change const& a) {
    auto const then = c.after->find(a.name, a.dataset);
    if (then) return !shown.after->find(a.name, a.dataset);
    return c.before && c.before->find(a.name, a.dataset) && !shown.before->find(a.name, a.dataset);
  });
  if (shown.attributes.empty() && !c.attributes.empty() && c.before && !c.is_deletion()) return std::nullopt;
  return shown;
}

}  // namespace dos
