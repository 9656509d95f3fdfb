#include "contract/radio_state.h"

#include "base/text.h"

namespace dos {
namespace {

// A counter that leaps further did not lose that many frames: something else has happened (a device was reset, a
// session restored). LoRaWAN 1.0.2 called this MAX_FCNT_GAP.
constexpr std::uint32_t gap_max = 16'384;

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

}  // namespace

json::value to_json(radio_state const& s) {
  auto o = json::object{{"session", s.session}};
  if (s.f_cnt_last) {
    o.push("fCnt", *s.f_cnt_last);
    o.push("seen", hex_of(s.seen[1]) + hex_of(s.seen[0]));
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

void begin_session(radio_state& s, std::string_view session) {
  s.session = session;
  s.f_cnt_last.reset();
  s.seen = {};
}

//            f_cnt_last - 127 … f_cnt_last
//   fell back  |   window: seen or late  |  fresh, with a gap in front
bool is_repeated(radio_state const& s, std::string_view session, std::uint32_t f_cnt) {
  if (s.session != session || !s.f_cnt_last || f_cnt > *s.f_cnt_last) return false;
  auto const behind = *s.f_cnt_last - f_cnt;
  return behind < radio_state::window_frames && bit(s.seen, behind);
}

frame note_frame(radio_state& s, std::string_view session, std::uint32_t f_cnt, timestamp when) {
  if (is_repeated(s, session, f_cnt)) {
    ++s.repeated;
    return frame::repeated;
  }
  ++s.received;
  auto const fell_back = s.f_cnt_last && f_cnt < *s.f_cnt_last && *s.f_cnt_last - f_cnt >= radio_state::window_frames;
  if (s.session != session || fell_back) {
    if (when < s.last_seen) {
      if (s.session == session && s.missed > 0) --s.missed;
      return frame::late;
    }
    begin_session(s, session);
  }
  if (!s.f_cnt_last) {
    s.f_cnt_last = f_cnt;
    set_bit(s.seen, 0);
    return frame::fresh;
  }
  if (f_cnt < *s.f_cnt_last) {
    set_bit(s.seen, *s.f_cnt_last - f_cnt);
    if (s.missed > 0) --s.missed;
    return frame::late;
  }
  auto const ahead = f_cnt - *s.f_cnt_last;
  if (ahead <= gap_max) s.missed += ahead - 1;
  shift(s.seen, ahead);
  set_bit(s.seen, 0);
  s.f_cnt_last = f_cnt;
  return frame::fresh;
}

}  // namespace dos
