#include "standard/sensorthings/draft.h"

#include "base/fault.h"
#include "standard/sensorthings/times.h"

namespace dos::sensorthings {
namespace {

// Nonsense such as the year 9999999 does not parse; but so far away there is no measurement either.
constexpr std::int64_t earliest_us = -62'135'596'800 * us_per_second;  // 0001-01-01

span required_span(json::value const& v, std::string_view member) {
  auto const s = v.is_string() ? parse_span(v.as_string()) : std::nullopt;
  if (!s || s->from.us < earliest_us) {
    throw fault(fault_kind::invalid,
                std::string(member) + " wants a time such as 2026-11-21T20:00:00Z, or two with a slash between",
                std::string(member));
  }
  return *s;
}

timestamp required_instant(json::value const& v, std::string_view member) {
  auto const s = required_span(v, member);
  if (!s.is_instant) throw fault(fault_kind::invalid, std::string(member) + " is a moment", std::string(member));
  return s.from;
}

}  // namespace

bool read_member(observation_draft& d, std::string_view name, json::value const& v) {
  auto& o = d.observation;
  if (name == "result") {
    o.value = v;
    d.has_result = true;
  } else if (name == "phenomenonTime") {
    if (v.is_null()) return true;
    auto const s = required_span(v, name);
    o.time = s.from;
    if (s.is_instant)
      set_extra(o, extra::end_time, json::value());
    else
      set_extra(o, extra::end_time, s.to);
    d.has_time = true;
  } else if (name == "resultTime") {
    if (v.is_null())
      set_extra(o, extra::result_time, json::value());
    else
      set_extra(o, extra::result_time, required_instant(v, name));
  } else if (name == "validTime") {
    if (v.is_null()) {
      set_extra(o, extra::valid_from, json::value());
      set_extra(o, extra::valid_to, json::value());
    } else {
      auto const s = required_span(v, name);
      if (s.is_instant) throw fault(fault_kind::invalid, "validTime has a beginning and an end", "validTime");
      set_extra(o, extra::valid_from, s.from);
      set_extra(o, extra::valid_to, s.to);
    }
  } else if (name == "resultQuality") {
    set_extra(o, extra::quality, v);
  } else if (name == "parameters") {
    if (!v.is_null() && !v.is_object()) throw fault(fault_kind::invalid, "parameters is an object", "parameters");
    set_extra(o, extra::parameters, v);
  } else if (name == "FeatureOfInterest") {
    d.feature = v;
  } else {
    return false;
  }
  return true;
}

observation_draft read_observation(json::value const& body) {
  auto d = observation_draft();
  require(body.is_object(), fault_kind::invalid, "an Observation is an object");
  for (auto const& m : body.as_object()) {
    if (read_member(d, m.key, m.value) || m.key == "Datastream" || m.key == "MultiDatastream") continue;
    if (m.key.find("@iot.") == m.key.npos)
      throw fault(fault_kind::invalid, "an Observation has no property " + m.key, m.key);
  }
  return d;
}

}  // namespace dos::sensorthings
