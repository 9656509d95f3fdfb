#include "standard/ngsi_ld/federation/merge.h"
#include "standard/ngsi_ld/vocabulary.h"

#include <algorithm>

#include "linked_data/fragment.h"

namespace dos::ngsi_ld {
namespace {

timestamp time_of(json::value const& v, std::string_view member) { return parse_timestamp(v.text_or(member, "")).value_or(no_time); }

timestamp expiry_of(json::value const& more) { return time_of(more, "expiresAt"); }

bool is_newer(attribute const& a, attribute const& b) {
  if (a.observed_at != no_time && b.observed_at != no_time && a.observed_at != b.observed_at) return a.observed_at > b.observed_at;
  if (a.modified_at != no_time && b.modified_at != no_time) return a.modified_at > b.modified_at;
  return a.observed_at != no_time && b.observed_at == no_time;
}

// 4.5.5.2: what is said of the whole entity holds for each attribute that outlives it.
attribute_ptr with_expiry(attribute_ptr const& a, timestamp expires) {
  if (expires == no_time) return a;
  auto const own = expiry_of(a->more);
  if (own != no_time && own <= expires) return a;
  auto copy = attribute(*a);
  auto more = copy.more.is_object() ? copy.more.as_object() : json::object();
  more["expiresAt"] = to_string(expires);
  copy.more = std::move(more);
  return make_attribute(std::move(copy));
}

void add_missing(std::vector<symbol>& to, std::vector<symbol> const& from) {
  for (auto const s : from) {
    if (std::find(to.begin(), to.end(), s) == to.end()) to.push_back(s);
  }
}

}  // namespace

entity parse_remote_entity(json::value const& v, context const& names) {
  auto head = json::object();
  auto attributes = std::vector<attribute_ptr>();
  if (v.is_object()) {
    for (auto const& [key, member] : v.as_object()) {
      static constexpr auto of_entity = {"id", "@id", "type", "@type", "scope", "expiresAt", "@context", "createdAt", "modifiedAt", "deletedAt"};
      if (std::find(of_entity.begin(), of_entity.end(), key) != of_entity.end()) {
        head.push(key, member);
        continue;
      }
      auto instances = parse_instances(key, member, names);
      auto const is_list = member.is_array() && member.as_array().size() == instances.size();
      for (auto i = std::size_t(0); i != instances.size(); ++i) {
        auto const& text = is_list ? member.as_array()[i] : member;
        instances[i].data.created_at = time_of(text, "createdAt");
        instances[i].data.modified_at = time_of(text, "modifiedAt");
        attributes.push_back(to_attribute(std::move(instances[i])));
      }
    }
  }
  auto e = to_entity(parse_entity(v.is_object() ? json::value(std::move(head)) : v, names));
  for (auto& a : attributes) e.set(std::move(a));
  e.created_at = time_of(v, "createdAt");
  e.modified_at = time_of(v, "modifiedAt");
  return e;
}

entity_ptr merge_parts(std::vector<entity_part> const& parts, timestamp now) {
  auto living = std::vector<entity_part>();
  for (auto const& p : parts) {
    auto const expires = expiry_of(p.entity->more);
    if (expires == no_time || expires > now) living.push_back(p);
  }
  std::stable_sort(living.begin(), living.end(), [](auto const& a, auto const& b) { return !a.is_auxiliary && b.is_auxiliary; });
  if (living.empty()) return {};
  if (living.size() == 1) return living[0].entity;
  auto out = entity();
  out.id = living[0].entity->id;
  auto const all_expire = std::all_of(living.begin(), living.end(), [](auto const& p) { return expiry_of(p.entity->more) != no_time; });
  auto expires = expiry_of(living[0].entity->more);
  for (auto const& p : living) {
    auto const& e = *p.entity;
    add_missing(out.types, e.types);
    add_missing(out.scopes, e.scopes);
    if (e.created_at != no_time && (out.created_at == no_time || e.created_at < out.created_at)) out.created_at = e.created_at;
    if (e.modified_at != no_time && e.modified_at > out.modified_at) out.modified_at = e.modified_at;
    auto const mine = expiry_of(e.more);
    expires = expires == no_time || mine == no_time ? no_time : std::max(expires, mine);
    auto known = std::vector<symbol>();
    if (p.is_auxiliary) {
      for (auto const& a : out.attributes) known.push_back(a->name);
    }
    for (auto const& theirs : e.attributes) {
      if (std::find(known.begin(), known.end(), theirs->name) != known.end()) continue;
      auto const a = all_expire ? theirs : with_expiry(theirs, mine);
      auto const ends = expiry_of(a->more);
      if (ends != no_time && ends <= now) continue;
      auto const old = out.find(a->name, a->dataset);
      if (!old || is_newer(*a, *old)) out.set(a);
    }
  }
  if (expires != no_time) out.more = json::object{{"expiresAt", to_string(expires)}};
  return make_ref<entity>(std::move(out));
}

}  // namespace dos::ngsi_ld
