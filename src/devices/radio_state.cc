#include "devices/radio_state.h"

#include <algorithm>

#include "base/text.h"

namespace dos {
namespace {

// A counter that leaps further did not lose that many frames: something else has happened (a device was reset, a
// session restored). LoRaWAN 1.0.2 called this MAX_FCNT_GAP.
constexpr std::uint32_t gap_max = 16'384;
// A network server that tells of a frame again gives it the time it had, or one of a few seconds later when the device
// itself repeated it. The same counter and data after that is another frame.
constexpr std::int64_t repetition_us_max = 60 * us_per_second;

bool bit(std::array<std::uint64_t, 2> const& bits, std::uint32_t i) { return bits[i / 64] >> (i % 64) & 1; }
void set_bit(std::array<std::uint64_t, 2>& bits, std::uint32_t i) { bits[i / 64] |= std::uint64_t(1) << (i % 64); }

void shift(std::array<std::uint64_t, 2>& bits, std::uint32_t n) {
  if (n >= 128) {
    bits = {};
  } else if (n >= 64) {
    bits = {0, bits[0] << (n - 64)};
  } else if (n > 0) {
    bits = {bits[0] << n, bits[1] << n | bits[0] >> (64 - n)};
  }
}

std::uint64_t count_in(json::value const& r, std::string_view member) {
  auto const* found = r.find(member);
  return found && found->is_int() && found->as_int() > 0 ? std::uint64_t(found->as_int()) : 0;
}

std::optional<double> number_of(json::value const& r, std::string_view member) {
  auto const* found = r.find(member);
  return found && found->is_number() ? std::optional(found->as_double()) : std::nullopt;
}

std::uint64_t bits_of(std::string_view hex) {
  auto bits = std::uint64_t(0);
  for (auto const byte : text::from_hex(hex).value_or("")) bits = bits << 8 | static_cast<unsigned char>(byte);
  return bits;
}

std::string hex_of(std::uint64_t bits) {
  auto bytes = std::string(8, '\0');
  for (auto i = std::size_t(8); i-- > 0; bits >>= 8) bytes[i] = char(bits & 0xff);
  return text::to_hex(bytes);
}

std::string packed(std::vector<std::uint16_t> const& digests) {
  auto bytes = std::string();
  for (auto const d : digests) bytes += {char(d >> 8), char(d & 0xff)};
  return text::to_base64(bytes);
}

std::vector<std::uint16_t> unpacked(std::string_view packed) {
  auto const bytes = text::from_base64(packed).value_or("");
  auto digests = std::vector<std::uint16_t>();
  for (auto i = std::size_t(0); i + 1 < bytes.size() && digests.size() < radio_state::window_frames; i += 2) {
    digests.push_back(
        std::uint16_t(static_cast<unsigned char>(bytes[i]) << 8 | static_cast<unsigned char>(bytes[i + 1])));
  }
  return digests;
}

std::uint16_t digest_at(radio_state const& s, std::uint32_t behind) {
  return behind < s.digests.size() ? s.digests[behind] : 0;
}

void mark(radio_state& s, std::uint32_t behind, std::uint16_t digest) {
  set_bit(s.seen, behind);
  if (s.digests.size() <= behind) s.digests.resize(behind + 1);
  s.digests[behind] = digest;
}

// Makes room for `n` frames that are newer than the last.
void advance(radio_state& s, std::uint32_t n) {
  shift(s.seen, n);
  s.digests.insert(s.digests.begin(), std::min(n, radio_state::window_frames), 0);
  if (s.digests.size() > radio_state::window_frames) s.digests.resize(radio_state::window_frames);
}

bool has_come(radio_state const& s, std::uint32_t f_cnt, std::uint16_t part) {
  return std::any_of(s.parts.begin(), s.parts.end(),
                     [&](auto const& p) { return p.f_cnt == f_cnt && p.digest == part; });
}

void note_parts(radio_state& s, heard_frame const& f) {
  auto const note = [&](std::uint16_t digest) {
    if (!has_come(s, f.f_cnt, digest)) s.parts.insert(s.parts.begin(), {f.f_cnt, digest});
  };
  if (f.is_part) note(f.digest);
  for (auto const digest : f.parts) note(digest);
  if (s.parts.size() > frame_parts_max) s.parts.resize(frame_parts_max);
}

}  // namespace

json::value to_json(radio_state const& s) {
  auto o = json::object{{"session", s.session}};
  if (s.f_cnt_last) {
    o.push("fCnt", *s.f_cnt_last);
    o.push("seen", hex_of(s.seen[1]) + hex_of(s.seen[0]));
    o.push("digests", packed(s.digests));
  }
  if (!s.parts.empty()) {
    auto parts = json::array();
    for (auto const& p : s.parts) parts.push_back(json::array{p.f_cnt, p.digest});
    o.push("parts", std::move(parts));
  }
  auto const number = [&](char const* member, std::optional<double> const& value) {
    if (value) o.push(member, *value);
  };
  auto const count = [&](char const* member, std::uint64_t n) {
    if (n) o.push(member, n);
  };
  count("received", s.received);
  count("missed", s.missed);
  count("repeated", s.repeated);
  if (s.last_seen != no_time) o.push("lastSeen", to_string(s.last_seen));
  number("rssi", s.rssi);
  number("snr", s.snr);
  if (s.spreading_factor) o.push("spreadingFactor", *s.spreading_factor);
  number("battery", s.battery_percent);
  if (s.external_power) o.push("externalPower", *s.external_power);
  number("margin", s.margin_db);
  count("gateways", s.gateways);
  count("joins", s.joins);
  count("downlinksSent", s.downlinks_sent);
  count("downlinksAcknowledged", s.downlinks_acknowledged);
  count("downlinksUnacknowledged", s.downlinks_unacknowledged);
  if (!s.last_notice.is_null()) o.push("lastNotice", s.last_notice);
  if (s.route != network_route()) {
    o.push("route", json::object{{"source", s.route.source},
                                 {"network", s.route.network},
                                 {"application", s.route.application},
                                 {"device", s.route.device},
                                 {"topic", s.route.topic}});
  }
  if (!s.recent.empty()) {
    auto recent = json::array();
    for (auto const& u : s.recent) {
      recent.push_back(json::object{
          {"time", to_string(u.time)}, {"port", u.f_port}, {"counter", u.f_cnt}, {"payload", text::to_hex(u.payload)}});
    }
    o.push("recent", std::move(recent));
  }
  return o;
}

radio_state read_radio_state(json::value const& r) {
  auto s = radio_state();
  s.session = r.text_or("session", "");
  if (auto const last = number_of(r, "fCnt")) s.f_cnt_last = std::uint32_t(*last);
  if (auto const seen = r.text_or("seen", ""); seen.size() == 32)
    s.seen = {bits_of(seen.substr(16)), bits_of(seen.substr(0, 16))};
  s.digests = unpacked(r.text_or("digests", ""));
  if (auto const* parts = r.find("parts"); parts && parts->is_array()) {
    for (auto const& p : parts->as_array()) {
      if (!p.is_array() || p.as_array().size() != 2) continue;
      s.parts.push_back({.f_cnt = std::uint32_t(p.as_array()[0].as_double()),
                         .digest = std::uint16_t(p.as_array()[1].as_double())});
    }
  }
  s.received = count_in(r, "received");
  s.missed = count_in(r, "missed");
  s.repeated = count_in(r, "repeated");
  s.last_seen = parse_timestamp(r.text_or("lastSeen", "")).value_or(no_time);
  s.rssi = number_of(r, "rssi");
  s.snr = number_of(r, "snr");
  if (auto const sf = number_of(r, "spreadingFactor")) s.spreading_factor = int(*sf);
  s.battery_percent = number_of(r, "battery");
  if (auto const* power = r.find("externalPower"); power && power->is_bool()) s.external_power = power->as_bool();
  s.margin_db = number_of(r, "margin");
  s.gateways = count_in(r, "gateways");
  s.joins = count_in(r, "joins");
  s.downlinks_sent = count_in(r, "downlinksSent");
  s.downlinks_acknowledged = count_in(r, "downlinksAcknowledged");
  s.downlinks_unacknowledged = count_in(r, "downlinksUnacknowledged");
  if (auto const* notice = r.find("lastNotice")) s.last_notice = *notice;
  if (auto const* route = r.find("route")) {
    auto const text = [&](std::string_view member) { return std::string(route->text_or(member, "")); };
    s.route = {.source = text("source"),
               .network = text("network"),
               .application = text("application"),
               .device = text("device"),
               .topic = text("topic")};
  }
  if (auto const* recent = r.find("recent"); recent && recent->is_array()) {
    for (auto const& u : recent->as_array()) {
      s.recent.push_back({.time = parse_timestamp(u.text_or("time", "")).value_or(no_time),
                          .f_port = int(count_in(u, "port")),
                          .f_cnt = std::uint32_t(count_in(u, "counter")),
                          .payload = text::from_hex(u.text_or("payload", "")).value_or("")});
    }
  }
  return s;
}

std::uint16_t digest_of(std::string_view bytes, int f_port) {
  auto hash = 2'166'136'261u ^ std::uint32_t(f_port);  // FNV-1a
  for (auto const c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619u;
  auto const folded = std::uint16_t(hash >> 16 ^ hash);
  return folded == 0 ? 1 : folded;
}

void begin_session(radio_state& s, std::string_view session) {
  s.session = session;
  s.f_cnt_last.reset();
  s.seen = {};
  s.digests.clear();
  s.parts.clear();
}

namespace {

// What a counter that was seen means.
//   the same data, at the same time     repeated
//   the same data, a minute later       the device counts again (if anything came after that frame)
//   other data, later                   the device counts again
//   other data, from before             a frame of an earlier session that comes late
enum class seen_again { repeated, part, restart, late };

seen_again judge(radio_state const& s, heard_frame const& f, std::uint32_t behind) {
  if (f.is_part) {
    if (has_come(s, f.f_cnt, f.digest)) return seen_again::repeated;
    // Long ago: its parts are forgotten.
    auto const is_known = s.parts.size() < frame_parts_max || f.f_cnt >= s.parts.back().f_cnt;
    return is_known ? seen_again::part : seen_again::repeated;
  }
  auto const known = digest_at(s, behind);
  auto const differs = known != 0 && f.digest != 0 && known != f.digest;
  if (differs) return f.when < s.last_seen ? seen_again::late : seen_again::restart;
  auto const is_later = f.is_dated && s.last_seen != no_time && f.when > s.last_seen + repetition_us_max;
  return is_later && behind > 0 ? seen_again::restart : seen_again::repeated;
}

}  // namespace

//            f_cnt_last - 127 … f_cnt_last
//   fell back  |   window: seen or late  |  fresh, with a gap in front
frame note_frame(radio_state& s, heard_frame const& f) {
  auto const is_behind = s.f_cnt_last && f.f_cnt <= *s.f_cnt_last;
  auto const behind = is_behind ? *s.f_cnt_last - f.f_cnt : 0u;
  auto begins = s.session != f.session || behind >= radio_state::window_frames;
  if (!begins && is_behind && bit(s.seen, behind)) {
    switch (judge(s, f, behind)) {
      case seen_again::repeated:
        ++s.repeated;
        return frame::repeated;
      case seen_again::part:
        note_parts(s, f);
        return frame::part;
      case seen_again::late:
        ++s.received;
        return frame::late;
      case seen_again::restart:
        begins = true;
    }
  }
  ++s.received;
  if (begins) {
    if (f.when < s.last_seen) {
      if (s.session == f.session && s.missed > 0) --s.missed;
      return frame::late;
    }
    begin_session(s, f.session);
  }
  note_parts(s, f);
  if (!s.f_cnt_last) {
    s.f_cnt_last = f.f_cnt;
    mark(s, 0, f.digest);
    return frame::fresh;
  }
  if (f.f_cnt < *s.f_cnt_last) {
    mark(s, *s.f_cnt_last - f.f_cnt, f.digest);
    if (s.missed > 0) --s.missed;
    return frame::late;
  }
  auto const ahead = f.f_cnt - *s.f_cnt_last;
  if (ahead <= gap_max) s.missed += ahead - 1;
  advance(s, ahead);
  mark(s, 0, f.digest);
  s.f_cnt_last = f.f_cnt;
  return frame::fresh;
}

}  // namespace dos
