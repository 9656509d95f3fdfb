#include <algorithm>

#include "base/fault.h"
#include "devices/quarantine.h"
#include "ingest/lorawan/prepared.h"

namespace dos::lorawan {
namespace {

struct rejection {
  std::string reason;
  std::string detail;
};

network_event read(message const& m) {
  try {
    return parse_event(m.network, m.topic, json::parse(m.body));
  } catch (fault const& f) {
    throw rejection{"malformed", f.detail};
  }
}

device find_device(session const& s, std::string const& id) {
  auto const record = s.find_record(device_collection, id);
  if (!record) {
    throw rejection{"unknown_device", "no device with the " + std::string(parse_eui(id) ? "DevEUI " : "name ") + id +
                                          " is registered in this city"};
  }
  return read_device(*record);
}

void choose_time(prepared& p, clock_bounds const& bounds) {
  auto const claimed = p.event->time;
  auto const received = p.message.received;
  p.when = received;
  if (!claimed) {
    p.time_note = "time of reception: the message carries none";
  } else if (*claimed < received - bounds.past_us || received + bounds.future_us < *claimed) {
    p.time_note = "time of reception: the message says " + to_string(*claimed) + ", which is not believed";
  } else {
    p.when = *claimed;
  }
}

// What the profile's own codec makes of the payload.
json::value decode(prepared const& p, decoder& codecs) {
  auto decoded = script::decoded();
  try {
    decoded = codecs.decode(
        p.profile,
        {.bytes = p.event->payload, .f_port = p.event->f_port, .received = p.when, .variables = p.device->variables});
  } catch (fault const& f) {
    throw rejection{"codec_failed", "the codec of profile " + p.profile->id + ": " + f.detail};
  }
  if (decoded.errors.empty()) return std::move(decoded.data);
  auto told = std::string();
  for (auto const& e : decoded.errors) told += (told.empty() ? "" : "; ") + e;
  throw rejection{"payload_rejected", "the codec of profile " + p.profile->id + " says: " + told};
}

// Without a codec of one's own: what the network server has decoded, else its measurements in the common form.
mapped_payload map_decoded(prepared const& p, message_time const& when) {
  auto const& e = *p.event;
  auto const has_object = e.decoded.is_object();
  if (!has_object && e.normalized.empty()) {
    throw rejection{"codec_missing", "profile " + p.profile->id + " has no codec, and the network server has not decoded" +
                                         (e.decoded_problem.empty() ? "" : ": " + e.decoded_problem)};
  }
  if (!has_object) return map_payload(*p.profile, e.normalized, *p.device, when);
  try {
    return map_payload(*p.profile, e.decoded, *p.device, when);
  } catch (fault const&) {
    if (e.normalized.empty()) throw;
    return map_payload(*p.profile, e.normalized, *p.device, when);
  }
}

mapped_payload map_values(preparation const& with, prepared const& p) {
  auto const when = message_time{.at = p.when, .latest = p.message.received + with.bounds.future_us};
  try {
    if (p.profile->codec.empty()) return map_decoded(p, when);
    return map_payload(*p.profile, decode(p, with.codecs), *p.device, when);
  } catch (fault const& f) {
    throw rejection{"payload_rejected", f.detail};
  }
}

std::string not_mounted_at(timestamp t) {
  return "the device was mounted at no measuring point at " + to_string(t) +
         "; mount it from that time on, or earlier, and replay this";
}

// Each value belongs where the device was when it was measured.
void place_values(prepared& p, mapped_payload mapped) {
  auto const is_wanted = [&](std::size_t entry, std::string_view attribute) {
    auto const has = [&](std::string const& name) { return std::find(p.only.begin(), p.only.end(), name) != p.only.end(); };
    return p.only.empty() || has(name_of(entry, attribute)) || has(name_of(entry, ""));
  };
  for (auto& problem : mapped.problems) {
    if (is_wanted(problem.entry, problem.attribute)) p.problems.push_back(std::move(problem));
  }
  for (auto& v : mapped.values) {
    if (!is_wanted(v.entry, v.rule->attribute)) continue;
    auto placed = placed_value{std::move(v), {}};
    if (placed.rule->where == attribute_rule::target::measuring_point) {
      auto const* mount = p.device->mount_at(placed.at);
      if (!mount) {
        p.problems.push_back({placed.rule->attribute, placed.entry, not_mounted_at(placed.at)});
        continue;
      }
      placed.point = mount->measuring_point;
    }
    p.values.push_back(std::move(placed));
  }
}

// Values of the measuring point that nobody can place make the message wait, whatever the device tells about itself.
void require_mount(prepared const& p) {
  auto const at_device = [](placed_value const& v) { return v.point.empty(); };
  if (!p.only.empty() || !std::all_of(p.values.begin(), p.values.end(), at_device)) return;
  auto const why = not_mounted_at(p.when);
  for (auto const& problem : p.problems) {
    if (problem.detail == why) throw rejection{"not_mounted", why};
  }
}

profile_ptr find_profile(preparation const& with, session const& s, std::string const& id) {
  try {
    if (auto p = with.profiles.find(s, id)) return p;
  } catch (fault const& f) {
    throw rejection{"codec_missing", "the device profile \"" + id + "\" can't be read: " + f.detail};
  }
  throw rejection{"codec_missing", "there is no device profile \"" + id + "\""};
}

void read_values(preparation const& with, session const& s, prepared& p) {
  auto const& e = *p.event;
  if (e.kind != event_kind::uplink) return;
  // Frames without payload, or on port 0, are for the network itself: all we learn is how well they were heard.
  auto const has_payload = e.f_port != 0 && !e.payload.empty();
  auto const was_decoded = e.decoded.is_object() || !e.normalized.empty();
  if (!has_payload && !was_decoded) return;
  if (p.device->state != device_state::active) {
    throw rejection{"device_inactive", "the device is " + std::string(to_text(p.device->state)) + ", not active"};
  }
  p.profile = find_profile(with, s, p.device->profile);
  if (!has_payload && !p.profile->codec.empty()) return;
  if (e.f_port != 0 && !p.profile->speaks_on(e.f_port)) {
    p.note = "profile " + p.profile->id + " has no measurements on port " + std::to_string(e.f_port);
    return;
  }
  if (e.encrypted) {
    throw rejection{"encrypted", "the payload is encrypted: the network server does not have the key of this device "
                                 "(AppSKey); let it decrypt, and have the message sent again"};
  }
  place_values(p, map_values(with, p));
  require_mount(p);
}

}  // namespace

std::string name_of(std::size_t entry, std::string_view attribute) {
  return std::to_string(entry) + "/" + std::string(attribute);
}

void preparation::operator()(session const& s, prepared& p) const {
  try {
    p.when = p.message.received;
    p.event = read(p.message);
    choose_time(p, bounds);
    p.device = find_device(s, p.event->device);
    read_values(*this, s, p);
  } catch (rejection& r) {
    p.reason = std::move(r.reason);
    p.detail = std::move(r.detail);
  }
}

}  // namespace dos::lorawan
