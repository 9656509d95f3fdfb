#include "linked_data/attribute_patch.h"

#include <algorithm>
#include <string>

#include "kernel/graph/attribute_value.h"
#include "linked_data/refusal.h"

namespace dos::linked_data {
namespace {

json::value merged_value(json::value old, json::value const& patch) {
  if (!old.is_object() || !patch.is_object()) return patch;
  auto& members = old.as_object();
  for (auto const& [key, v] : patch.as_object()) {
    if (is_null_uri(v) || v.is_null()) {
      members.erase(key);
    } else if (auto* mine = members.find(key); mine != nullptr) {
      *mine = merged_value(std::move(*mine), v);
    } else {
      members.push(key, v.is_object() ? merged_value(json::object(), v) : v);
    }
  }
  return old;
}

enum class patching { replace, merge };

void require_same_kind(attribute const& old, attribute_fragment const& f) {
  auto const is_plain = old.kind == attribute_kind::property && f.data.kind == attribute_kind::json_property;
  if (f.has_kind && f.data.kind != old.kind && !is_plain) {
    refuse("this attribute is a " + std::string(type_name(old.kind)) + ", not a " + std::string(type_name(f.data.kind)),
           old.name.text(), "5.6.4");
  }
}

attribute_ptr patched(attribute const& old, attribute_fragment f, patching how) {
  if (f.removes) return {};
  auto a = attribute(old);
  if (f.has_value) {
    auto const keeps_kind = !f.has_kind && f.data.kind == attribute_kind::property;
    if (!keeps_kind) a.kind = f.data.kind;
    if (keeps_kind && old.kind == attribute_kind::relationship && f.data.value.is_string()) {
      f.data.value = checked_uris(std::move(f.data.value), std::string(old.name.text()));
    } else if (keeps_kind && old.kind != attribute_kind::property) {
      a.kind = attribute_kind::property;
    }
    a.value = how == patching::merge && a.kind == old.kind ? merged_value(a.value, f.data.value) : std::move(f.data.value);
  }
  if (f.removes_observed_at) a.observed_at = no_time;
  if (f.data.observed_at != no_time) a.observed_at = f.data.observed_at;
  if (f.removes_unit) a.unit = {};
  if (f.data.unit) a.unit = f.data.unit;
  if (f.data.provenance != provenance::unknown) a.provenance = f.data.provenance;
  if (f.data.more.is_object()) a.more = merged_value(a.more.is_object() ? std::move(a.more) : json::object(), f.data.more);
  for (auto& sub : f.subs) {
    auto const it = std::find_if(a.attributes.begin(), a.attributes.end(), [&](auto const& mine) {
      return mine->name == sub.data.name && mine->dataset == sub.data.dataset;
    });
    if (sub.removes) {
      if (it != a.attributes.end()) a.attributes.erase(it);
    } else if (it == a.attributes.end()) {
      a.attributes.push_back(to_attribute(std::move(sub)));
    } else {
      *it = how == patching::merge || !sub.has_value ? patched(**it, std::move(sub), how) : to_attribute(std::move(sub));
    }
  }
  return make_attribute(std::move(a));
}

}  // namespace

attribute_ptr updated(attribute const& old, attribute_fragment f) {
  require_same_kind(old, f);
  if (f.has_value && !f.removes && f.data.kind == attribute_kind::property) forbid_null_uri(f.data.value, old.name.text());
  return patched(old, std::move(f), patching::replace);
}

attribute_ptr merged(attribute const& old, attribute_fragment f) { return patched(old, std::move(f), patching::merge); }

attribute_ptr merged_into_nothing(attribute_fragment f) {
  if (f.has_value && f.data.kind == attribute_kind::property && f.data.value.is_object()) {
    f.data.value = merged_value(json::object(), f.data.value);
  }
  return to_attribute(std::move(f));
}

}  // namespace dos::linked_data
