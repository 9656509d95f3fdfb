#include "kernel/city/log_images.h"

#include "base/fault.h"
#include "base/log.h"
#include "kernel/city/changes.h"
#include "kernel/graph/attribute_editor.h"

namespace dos {
namespace {

constexpr std::size_t piece_bytes_max = 64 << 10;   // of the log, at least one entry
constexpr std::size_t silent_bytes_max = 4 << 20;   // at a time, on the way to where somebody reads

bool is_damage(fault const& f) { return f.kind == fault_kind::internal || f.kind == fault_kind::malformed; }

// The image, with attributes that are still the same shared with today's.
entity_ptr shared_with(entity_ptr const& today, entity_ptr then) {
  if (!today) return then;
  auto e = entity(*then);
  auto const places = attribute_places(today->attributes);
  for (auto i = std::size_t(0); i < e.attributes.size(); ++i) {
    auto& a = e.attributes[i];
    auto const place = places.find(a->name, a->dataset, i);
    auto const now = place == attribute_places::nowhere ? attribute_ptr() : today->attributes[place];
    if (now && now->modified_at == a->modified_at && now->value == a->value && now->more == a->more) a = now;
  }
  return make_ref<entity>(std::move(e));
}

}  // namespace

// An entry of an older program holds no images: the best that is known is what is there today. What it set is exact.
entity_ptr log_images::before(effect::entity_changed const& e, std::uint64_t stretch) {
  auto const known = images_.find(e.id);
  if (known != images_.end()) return known->second;
  auto const today = parts_.entities.find(e.id);
  if (e.before) return shared_with(today, e.before);
  if (stretch != 0 || e.created || !today) return nullptr;
  auto then = entity(*today);
  then.deleted_at = no_time;
  return make_ref<entity>(std::move(then));
}

void log_images::take(store::log_batch const& b, std::vector<change>* out) {
  auto decoded = batch();
  {
    auto const lock = std::lock_guard(parts_.names.mutex);
    decoded = decode_batch(b.bytes, parts_.names.table);
  }
  if (decoded.images_from != stretch_ || known_to_ != b.at) images_.clear();
  stretch_ = decoded.images_from;
  auto images = std::vector<image_pair>();
  for (auto const& w : decoded.writes) {
    images.clear();
    auto const changed = [&](effect::entity_changed const& e) {
      auto const old = before(e, stretch_);
      auto image = apply(old ? entity(*old) : entity(), e, w.at, b.at);
      images.push_back({old, image});
      images_[e.id] = std::move(image);
    };
    auto const note = each_of{changed,
                              [&](effect::entity_forgotten const& e) { images_[e.id] = nullptr; },
                              ignoring<effect::series_started, effect::series_removed, effect::observed,
                                       effect::observed_many, effect::observation_changed, effect::observation_removed,
                                       effect::record_written, effect::counted_in_ledger>()};
    for (auto const& any : w.effects) std::visit(note, any);
    if (out) append_changes(b.at, w, images, parts_.entities, *out);
  }
  known_to_ = b.at + 1;
}

// From the beginning of a stretch to where reading goes on.
void log_images::come_to(std::uint64_t stretch) {
  images_.clear();
  stretch_ = stretch;
  known_to_ = stretch;
  for (auto at = stretch; at < next_;) {
    at = parts_.log.read(at, silent_bytes_max, [&](store::log_batch const& b) {
      if (b.at == next_) return false;
      take(b, nullptr);
      return true;
    });
    if (at > known_to_) at = known_to_;
  }
}

std::optional<log_gap> log_images::pass_over(std::uint64_t to) {
  images_.clear();
  known_to_ = 0;
  auto const gap = log_gap{next_, to};
  next_ = to;
  return gap;
}

// Behind a damaged entry nobody knows what it left: images are known again where the next stretch begins.
std::uint64_t log_images::end_of_damage(std::uint64_t at) const {
  auto const end = parts_.end() + 1;
  for (++at; at < end; ++at) {
    auto stretch = std::uint64_t(0);
    try {
      parts_.log.read(at, 1, [&](store::log_batch const& b) {
        stretch = images_from(b.bytes);
        return false;
      });
    } catch (fault const& f) {
      if (!is_damage(f) && f.kind != fault_kind::not_found) throw;
      continue;
    }
    if (stretch == 0 || stretch == at) break;
  }
  return at;
}

std::optional<log_gap> log_images::read(std::vector<change>& out) {
  if (auto const first = parts_.log.first(); next_ < first) return pass_over(first);
  auto const end = parts_.end();
  if (next_ > end) return std::nullopt;
  auto const size = out.size();
  try {
    auto stretch = std::uint64_t(0);
    parts_.log.read(next_, 1, [&](store::log_batch const& b) {
      stretch = images_from(b.bytes);
      return false;
    });
    if (stretch != 0 && stretch < next_ && (stretch_ != stretch || known_to_ != next_)) come_to(stretch);
    parts_.log.read(next_, piece_bytes_max, [&](store::log_batch const& b) {
      if (b.at > end) return false;
      take(b, &out);
      next_ = b.at + 1;
      return true;
    });
  } catch (fault const& f) {
    if (f.kind == fault_kind::not_found && next_ < parts_.log.first()) return pass_over(parts_.log.first());
    if (!is_damage(f) && f.kind != fault_kind::not_found) throw;
    if (out.size() != size) return std::nullopt;  // what is sound first; the damage is met again
    log::error("a part of the log cannot be told", {{"position", next_}, {"reason", f.detail}});
    return pass_over(end_of_damage(next_));
  }
  return std::nullopt;
}

}  // namespace dos
