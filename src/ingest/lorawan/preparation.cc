#include <algorithm>

#include "base/fault.h"
#include "contract/quarantine.h"
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

device find_device(session const& s, std::string const& dev_eui) {
  auto const record = s.find_record(device_collection, dev_eui);
  if (!record) {
    throw rejection{"unknown_device", "no device with the DevEUI " + dev_eui + " is registered in this city"};
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

json::value decode(prepared const& p, decoder& codecs) {
  if (p.profile->codec.empty()) {
    if (p.event->decoded.is_object()) return p.event->decoded;
    throw rejection{"codec_missing",
                    "profile " + p.profile->id + " has no codec, and the network server has not decoded"};
  }
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

void require_mount(prepared& p) {
  auto const for_point = [](mapped_value const& v) { return v.rule->where == attribute_rule::target::measuring_point; };
  if (std::none_of(p.values.begin(), p.values.end(), for_point)) return;
  auto const* mount = p.device->mount_at(p.when);
  if (!mount) {
    throw rejection{"not_mounted", "the device was mounted at no measuring point at " + to_string(p.when) +
                                       "; mount it from that time on, or earlier, and replay this"};
  }
  p.measuring_point = mount->measuring_point;
}

void read_values(preparation const& with, session const& s, prepared& p) {
  auto const& e = *p.event;
  if (e.kind != event_kind::uplink) return;
  // Frames for the network itself carry nothing for us but how well they were heard.
  auto const has_data = (e.f_port != 0 && !e.payload.empty()) || e.decoded.is_object();
  if (!has_data) return;
  if (p.device->state != device_state::active) {
    throw rejection{"device_inactive", "the device is " + std::string(to_text(p.device->state)) + ", not active"};
  }
  p.profile = with.profiles.find(s, p.device->profile);
  if (!p.profile) throw rejection{"codec_missing", "there is no device profile \"" + p.device->profile + "\""};
  auto const decoded = decode(p, with.codecs);
  try {
    p.values = map_payload(*p.profile, decoded, *p.device, p.when);
  } catch (fault const& f) {
    throw rejection{"payload_rejected", f.detail};
  }
  require_mount(p);
}

}  // namespace

void preparation::operator()(session const& s, prepared& p) const {
  try {
    p.when = p.message.received;
    p.event = read(p.message);
    choose_time(p, bounds);
    p.device = find_device(s, p.event->dev_eui);
    read_values(*this, s, p);
  } catch (rejection& r) {
    p.reason = std::move(r.reason);
    p.detail = std::move(r.detail);
  }
}

}  // namespace dos::lorawan
