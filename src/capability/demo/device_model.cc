// One simulated model for each of the profiles of modules/lorawan-devices: values as its codec would say them, and the bytes that say so.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/fault.h"
#include "capability/demo/sensor.h"
#include "capability/demo/signal.h"

namespace dos::demo {
namespace {

// A moment as a sensor lives through it.
struct moment_at {
  sensor const& s;
  double seconds;  // UTC
  double hour;     // of the day on the wall clock, 0 to 24
  double days;     // on the wall clock since 2026-01-01, whole ones are midnights
  bool is_weekend;

  double wander(int which, double period_s) const { return demo::wander(s.seed * 8 + std::uint64_t(which), seconds, period_s); }
  double by_day(double peak_hour) const { return day_curve(hour, peak_hour); }
};

moment_at moment_of(sensor const& s, timestamp t, time_zone const& zone) {
  auto const local_s = double(t.us + zone.offset_us(t)) / us_per_second;
  auto const day = std::floor(local_s / 86'400);
  auto const weekday = std::int64_t(day + 3) % 7;  // 1970-01-01 was a Thursday; Monday is 0
  return {.s = s,
          .seconds = double(t.us) / us_per_second,
          .hour = (local_s - day * 86'400) / 3'600,
          .days = local_s / 86'400 - 20'454,
          .is_weekend = weekday >= 5};
}

double rounded(double x, double steps) { return std::round(x * steps) / steps; }

using values = std::vector<simulated_value>;

double number(values const& v, std::string_view attribute) {
  for (auto const& one : v) {
    if (one.attribute == attribute) return one.value.as_double();
  }
  throw fault(fault_kind::internal, "a simulated device lacks " + std::string(attribute));
}

bool says(values const& v, std::string_view word) { return v.front().value.as_string() == word; }

class message {
 public:
  message& u8(std::int64_t n) {
    bytes_ += char(n & 0xff);
    return *this;
  }
  message& be16(double n) { return u8(std::lround(n) >> 8).u8(std::lround(n)); }
  message& le16(double n) { return u8(std::lround(n)).u8(std::lround(n) >> 8); }
  message& le32(double n) { return le16(double(std::lround(n) & 0xffff)).le16(double((std::lround(n) >> 16) & 0xffff)); }
  message& raw(std::initializer_list<int> all) {
    for (auto const b : all) u8(b);
    return *this;
  }
  std::string const& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Decentlab protocol 2, all groups of values present: version, device id, flags, then words.
message decentlab(sensor const& s, int groups) { return message().u8(2).be16(double(s.seed & 0xffff)).be16((1 << groups) - 1); }
// Its signed values are shifted.
double shifted(double x) { return std::round(x) + 32'768; }
double battery_volts(moment_at const& m, double full) { return full - 0.1 * chance(m.s.seed, 9) + 0.01 * m.wander(9, 40'000); }
int battery_percent(moment_at const& m) { return 100 - int(35 * chance(m.s.seed, 9)); }

double outdoor_temperature(moment_at const& m, double mean) {
  return mean + 6.5 * (2 * m.by_day(15.5) - 1) + 2.5 * m.wander(0, 200'000) + 0.4 * m.wander(1, 2'500);
}
double outdoor_humidity(moment_at const& m) {
  return std::clamp(0.66 - 0.2 * (2 * m.by_day(15.5) - 1) + 0.08 * m.wander(2, 40'000), 0.2, 0.99);
}
double air_pressure_hpa(moment_at const& m) { return 1'003 + 6 * demo::wander(7, m.seconds, 180'000); }  // the same everywhere
double rain_mm(moment_at const& m) {
  auto const cloud = demo::wander(11, m.seconds, 30'000);
  return cloud < 0.72 ? 0 : rounded((cloud - 0.72) * 4 * (1 + m.wander(3, 1'200)), 1'000);
}

// --- Bosch TPS110: one parking space ---

values parking(moment_at const& m) {
  // Cars stay for half an hour or a multiple of it.
  auto const slot = std::int64_t(std::floor((m.seconds + 1'800 * chance(m.s.seed, 1)) / 1'800));
  auto const stay = slot / 2 * 2 + (chance(m.s.seed, slot) < 0.4 ? slot % 2 : 0);
  auto const busy = m.s.level * (0.35 + 1.1 * m.by_day(14)) * (m.is_weekend ? 0.8 : 1);
  return {{"status", chance(m.s.seed + 5, stay) < busy ? "occupied" : "free"}};
}
payload parking_bytes(moment_at const& m, values const& v) {
  auto const celsius = std::lround(outdoor_temperature(m, 21));
  return {2, message().u8(says(v, "occupied")).u8(celsius).bytes()};
}

// --- Browan TBDW100: a door ---

values door(moment_at const& m) {
  auto const passes = 40 * m.s.level * (std::floor(m.days) + day_curve_sum(m.hour, 12) / 12);
  auto const is_open = chance(m.s.seed, std::int64_t(m.seconds / 600)) < m.s.level * 1.4 * m.by_day(12);
  return {{"status", is_open ? "open" : "closed"}, {"openingCount", std::int64_t(passes)}};
}
payload door_bytes(moment_at const& m, values const& v) {
  auto const count = std::int64_t(number(v, "openingCount"));
  auto const celsius = std::lround(outdoor_temperature(m, 22));
  auto bytes = message().u8(says(v, "open")).u8(0xf0 | (std::lround(battery_volts(m, 3.6) * 10) - 25)).u8((celsius + 32) & 0x7f);
  return {100, bytes.le16(5).u8(count).u8(count >> 8).u8(count >> 16).bytes()};
}

// --- Decentlab DL-ATM41: weather ---

values weather(moment_at const& m) {
  auto const cloud = 0.5 + 0.5 * demo::wander(11, m.seconds, 30'000);
  auto const sun = std::max(0.0, std::cos((m.hour - 13.5) * 3.14159 / 16.5)) * (m.hour > 5 && m.hour < 22);
  auto const wind = std::max(0.0, 2.4 + 1.6 * m.by_day(15) - 0.8 + 1.5 * m.wander(4, 7'000));
  return {{"temperature", rounded(outdoor_temperature(m, m.s.level), 10)},
          {"relativeHumidity", rounded(outdoor_humidity(m), 1'000)},
          {"atmosphericPressure", rounded(air_pressure_hpa(m), 10)},
          {"precipitation", rain_mm(m)},
          {"windSpeed", rounded(wind, 100)},
          {"gustSpeed", rounded(wind * (1.5 + 0.3 * m.wander(5, 900)), 100)},
          {"windDirection", std::round(std::fmod(600 + 120 * m.wander(6, 60'000), 360))},
          {"solarRadiation", std::round(880 * sun * (1 - 0.7 * cloud))},
          {"lightningStrikeCount", 0}};
}
payload weather_bytes(moment_at const& m, values const& v) {
  auto const temperature = number(v, "temperature"), wind = number(v, "windSpeed"), from = number(v, "windDirection") * 3.14159 / 180;
  auto const humidity = number(v, "relativeHumidity");
  auto const vapour_kpa = 0.6112 * std::exp(17.62 * temperature / (243.12 + temperature)) * humidity;
  auto out = decentlab(m.s, 2);
  for (auto const x : {number(v, "solarRadiation"), number(v, "precipitation") * 1'000, 0.0, 0.0, wind * 100,
                       number(v, "windDirection") * 10, number(v, "gustSpeed") * 100, temperature * 10, vapour_kpa * 100,
                       number(v, "atmosphericPressure") * 10, humidity * 1'000, (temperature + 0.6) * 10, 5.0, -5.0, 0.0,
                       -wind * std::cos(from) * 100, -wind * std::sin(from) * 100}) {
    out.be16(shifted(x));
  }
  return {1, out.be16(battery_volts(m, 3.2) * 1'000).bytes()};
}

// --- Decentlab DL-MBX: water level ---

values water_level(moment_at const& m) {
  auto const rain = std::max(0.0, demo::wander(11, m.seconds - 7'200, 30'000) - 0.5);  // arrives two hours later
  auto const level = rounded(m.s.level * (1 + 0.1 * m.wander(0, 260'000) + 0.5 * rain + 0.01 * m.wander(1, 1'200)), 1'000);
  auto const* height = m.s.variables.find("sensor_height_m");
  auto const distance = rounded((height && height->is_number() ? height->as_double() : 5) - level, 1'000);
  return {{"height", level}, {"distanceToWater", distance}};
}
payload water_level_bytes(moment_at const& m, values const& v) {
  return {1, decentlab(m.s, 2).be16(number(v, "distanceToWater") * 1'000).be16(9).be16(battery_volts(m, 3.2) * 1'000).bytes()};
}

// --- Decentlab DL-PM: particulate matter ---

values dust(moment_at const& m) {
  auto const traffic = m.is_weekend ? 0.3 : 0.6;
  auto const pm10 = m.s.level * std::max(0.2, 0.8 + traffic * (m.by_day(8) + m.by_day(17.5) - 1) + 0.35 * m.wander(0, 50'000) + 0.12 * m.wander(1, 1'500));
  auto const word = [](double x, double span) { return std::round(x * 65'536 / span); };
  return {{"pm1", rounded(pm10 * 0.42, 10)},
          {"pm25", rounded(pm10 * 0.6, 10)},
          {"pm10", rounded(pm10, 10)},
          {"temperature", 175.72 * word(outdoor_temperature(m, 21) + 46.85, 175.72) / 65'536 - 46.85},
          {"relativeHumidity", (125 * word(outdoor_humidity(m) * 100 + 6, 125) / 65'536 - 6) * 0.01},
          {"atmosphericPressure", std::round(air_pressure_hpa(m) * 50) / 50}};
}
payload dust_bytes(moment_at const& m, values const& v) {
  auto const pm1 = number(v, "pm1"), pm25 = number(v, "pm25"), pm10 = number(v, "pm10");
  auto out = decentlab(m.s, 4).be16(battery_volts(m, 3.2) * 1'000);
  for (auto const tenths : {pm1, pm25, pm10 * 0.85, pm10}) out.be16(tenths * 10);
  out.be16(540);
  for (auto const per_cm3 : {6.8, 7.9, 8.2, 8.3, 8.3}) out.be16(per_cm3 * pm25 * 10);
  out.be16((number(v, "temperature") + 46.85) * 65'536 / 175.72).be16((number(v, "relativeHumidity") * 100 + 6) * 65'536 / 125);
  return {1, out.be16(number(v, "atmosphericPressure") * 50).bytes()};
}

// --- Decentlab DL-TRS12: soil ---

values soil(moment_at const& m) {
  auto const raw = std::round(((m.s.level + 0.04 * m.wander(0, 400'000) + 0.001 * m.wander(1, 9'000)) + 0.6956) / 0.0003879 * 10);
  auto const moisture = raw / 10 * 0.0003879 - 0.6956;
  return {{"soilMoistureVwc", moisture},
          {"soilTemperature", rounded(18.5 + 1.6 * (2 * m.by_day(18) - 1) + m.wander(2, 300'000), 10)},
          {"soilMoistureEc", std::round(120 + 900 * (moisture - 0.15)) * 0.0001}};
}
payload soil_bytes(moment_at const& m, values const& v) {
  auto out = decentlab(m.s, 2).be16((number(v, "soilMoistureVwc") + 0.6956) / 0.0003879 * 10);
  out.be16(shifted(number(v, "soilTemperature") * 10)).be16(number(v, "soilMoistureEc") * 10'000);
  return {1, out.be16(battery_volts(m, 3.2) * 1'000).bytes()};
}

// --- Dingtek DF702: a bin ---

double bin_height_mm(sensor const& s) {
  auto const* given = s.variables.find("height_mm");
  return given && given->is_number() ? given->as_double() : 1'200;
}
values bin(moment_at const& m) {
  // Emptied every third morning; people fill it in between.
  auto const since = std::fmod(m.days + 3 * chance(m.s.seed, 1) - 0.27, 3);
  auto const filled = std::min(0.97, m.s.level * (0.05 + 0.45 * since + 0.06 * (m.by_day(15) - 0.5)));
  auto const distance = std::round(bin_height_mm(m.s) * (1 - filled));
  return {{"fillingLevel", std::clamp(rounded(1 - distance / bin_height_mm(m.s), 1'000), 0.0, 1.0)},
          {"temperature", std::round(outdoor_temperature(m, 22))},
          {"status", "ok"}};
}
payload bin_bytes(moment_at const& m, values const& v) {
  auto const filled = number(v, "fillingLevel");
  auto out = message().raw({0x80, 0x00, 0x01, 0x01, 0x11}).be16(bin_height_mm(m.s) * (1 - filled)).u8(0);
  out.u8(std::lround(number(v, "temperature"))).raw({0x00, 0x00}).u8(filled > 0.85 ? 0x10 : 0x00);
  return {3, out.raw({0x00, 0x00, 0x00, 0x00, 0x81}).bytes()};
}

// --- EMU Professional II: electricity ---

values electricity(moment_at const& m) {
  auto const watts = m.s.level * 1'000;
  auto const hours = std::floor(m.days) * 24;
  auto const energy_wh = 48'000'000 + watts * (0.35 * (hours + m.hour) + 1.3 * (hours / 2 + day_curve_sum(m.hour, 12.5)));
  return {{"totalActiveEnergyImport", std::floor(energy_wh) * 0.001},
          {"totalActivePower", std::round(watts * (0.35 + 1.3 * m.by_day(12.5)) * (1 + 0.05 * m.wander(0, 600)))},
          {"frequency", rounded(50 + 0.06 * m.wander(1, 300), 10)}};
}
int crc8(std::string_view bytes) {
  auto crc = 0;
  for (auto const byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (auto i = 0; i < 8; ++i) crc = (crc & 0x80 ? (crc << 1) ^ 0x07 : crc << 1) & 0xff;
  }
  return crc;
}
payload electricity_bytes(moment_at const& m, values const& v) {
  auto out = message().le32(m.seconds).u8(0x03).le32(number(v, "totalActiveEnergyImport") * 1'000);
  out.u8(0x0b).le32(number(v, "totalActivePower")).u8(0x1a).le16(number(v, "frequency") * 10);
  return {1, out.u8(crc8(out.bytes())).bytes()};
}

// --- Milesight AM107: a room ---

values room(moment_at const& m) {
  auto const people = std::max(0.0, (m.is_weekend ? 0.25 : 1) * (m.by_day(12.5) * 1.6 - 0.7) * (0.8 + 0.5 * m.wander(0, 5'000)));
  return {{"temperature", rounded(22.3 + 1.8 * people + 0.7 * m.wander(1, 40'000), 10)},
          {"relativeHumidity", std::round(2 * (46 + 6 * people + 5 * m.wander(2, 60'000))) / 2 * 0.01},
          {"co2", std::round(430 + m.s.level * people + 12 * m.wander(3, 700))},
          {"volatileOrganicCompoundsTotal", std::round(60 + 140 * people + 15 * m.wander(4, 2'000))},
          {"illuminance", std::round(15 + 420 * people + 180 * std::max(0.0, m.by_day(13) - 0.3))},
          {"atmosphericPressure", rounded(air_pressure_hpa(m), 10)}};
}
payload room_bytes(moment_at const& m, values const& v) {
  auto const light = number(v, "illuminance");
  auto out = message().raw({0x01, 0x75}).u8(battery_percent(m)).raw({0x03, 0x67}).le16(number(v, "temperature") * 10);
  out.raw({0x04, 0x68}).u8(std::lround(number(v, "relativeHumidity") * 200)).raw({0x05, 0x6a}).le16(light / 6);
  out.raw({0x06, 0x65}).le16(light).le16(light * 0.6).le16(light * 0.1).raw({0x07, 0x7d}).le16(number(v, "co2"));
  out.raw({0x08, 0x7d}).le16(number(v, "volatileOrganicCompoundsTotal"));
  return {85, out.raw({0x09, 0x73}).le16(number(v, "atmosphericPressure") * 10).bytes()};
}

// --- Milesight VS133: people ---

// Passes in one direction since the count began.
std::int64_t passes(sensor const& s, double days, double peak_hour) {
  auto const whole = std::floor(days);
  return std::int64_t(s.level * (whole * 12 + day_curve_sum((days - whole) * 24, peak_hour)) * (0.9 + 0.2 * chance(s.seed, 3)));
}
values people(moment_at const& m) {
  auto const before = m.days - double(m.s.every_s) / 86'400;
  auto const bustle = (m.is_weekend ? 0.8 : 1) * (0.9 + 0.3 * m.wander(0, 1'200));
  auto const in = std::round(double(passes(m.s, m.days, 14) - passes(m.s, before, 14)) * bustle);
  auto const out = std::round(double(passes(m.s, m.days, 16) - passes(m.s, before, 16)) * bustle);
  return {{"peopleCount", in + out},
          {"peopleCountIn", in},
          {"peopleCountOut", out},
          {"totalCountIn", double(passes(m.s, m.days, 14))},
          {"totalCountOut", double(passes(m.s, m.days, 16))}};
}
payload people_bytes(moment_at const&, values const& v) {
  auto out = message().raw({0x03, 0xd2}).le32(number(v, "totalCountIn")).raw({0x04, 0xd2}).le32(number(v, "totalCountOut"));
  return {85, out.raw({0x05, 0xcc}).le16(number(v, "peopleCountIn")).le16(number(v, "peopleCountOut")).bytes()};
}

// --- Milesight WS302: sound ---

values noise(moment_at const& m) {
  auto const level = m.s.level - 7 + 9 * m.by_day(15) + 2.5 * m.wander(0, 3'000) + 1.8 * m.wander(1, 240);
  return {{"LAeq", rounded(level, 10)},
          {"LAmax", rounded(level + 9 + 4 * m.wander(2, 200), 10)},
          {"LAF", rounded(level + 1.5 * m.wander(3, 100), 10)}};
}
payload noise_bytes(moment_at const& m, values const& v) {
  auto out = message().raw({0x01, 0x75}).u8(battery_percent(m)).raw({0x05, 0x5b, 0x05}).le16(number(v, "LAF") * 10);
  return {85, out.le16(number(v, "LAeq") * 10).le16(number(v, "LAmax") * 10).bytes()};
}

// --- Netvox R831D: street light ---

values street_light(moment_at const& m) { return {{"powerState", m.hour >= 21.75 || m.hour < 5.25 ? "on" : "off"}}; }
payload street_light_bytes(moment_at const&, values const& v) {
  return {6, message().raw({0x01, 0xb0, 0x01}).u8(says(v, "on")).raw({0, 0, 0, 0, 0, 0, 0}).bytes()};
}

struct model {
  std::string_view profile;
  values (*measure)(moment_at const&);
  payload (*encode)(moment_at const&, values const&);
};
constexpr auto models = std::array{model{"bosch-tps110", parking, parking_bytes},
                                   model{"browan-tbdw100", door, door_bytes},
                                   model{"decentlab-dl-atm41", weather, weather_bytes},
                                   model{"decentlab-dl-mbx", water_level, water_level_bytes},
                                   model{"decentlab-dl-pm", dust, dust_bytes},
                                   model{"decentlab-dl-trs12", soil, soil_bytes},
                                   model{"dingtek-df702", bin, bin_bytes},
                                   model{"emu-professional-ii", electricity, electricity_bytes},
                                   model{"milesight-am107", room, room_bytes},
                                   model{"milesight-vs133", people, people_bytes},
                                   model{"milesight-ws302", noise, noise_bytes},
                                   model{"netvox-r831d", street_light, street_light_bytes}};

model const& model_of(sensor const& s) {
  auto const found = std::find_if(models.begin(), models.end(), [&](model const& m) { return m.profile == s.profile; });
  require(found != models.end(), fault_kind::not_supported, "the profile " + s.profile + " can't be simulated", s.dev_eui);
  return *found;
}

}  // namespace

std::vector<simulated_value> measure(sensor const& s, timestamp t, time_zone const& zone) {
  return model_of(s).measure(moment_of(s, t, zone));
}

payload encode(sensor const& s, timestamp t, time_zone const& zone) {
  auto const m = moment_of(s, t, zone);
  auto const& model = model_of(s);
  return model.encode(m, model.measure(m));
}

}  // namespace dos::demo
