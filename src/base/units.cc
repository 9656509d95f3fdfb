#include "base/units.h"

#include <algorithm>
#include <numbers>
#include <string>

#include "base/decimal.h"

namespace dos {
namespace {

using enum quantity;

constexpr unit units[] = {
    {"C62", "1", "", ratio, 1, 0},
    {"P1", "%", "%", ratio, 0.01, 0},
    {"59", "[ppm]", "ppm", ratio, 1e-6, 0},
    {"61", "[ppb]", "ppb", ratio, 1e-9, 0},
    {"H87", "{piece}", "Stück", count, 1, 0},
    {"IE", "{person}", "Personen", count, 1, 0},

    {"MTR", "m", "m", length, 1, 0},
    {"DMT", "dm", "dm", length, 0.1, 0},
    {"CMT", "cm", "cm", length, 0.01, 0},
    {"MMT", "mm", "mm", length, 0.001, 0},
    {"4H", "um", "µm", length, 1e-6, 0},
    {"C45", "nm", "nm", length, 1e-9, 0},
    {"KMT", "km", "km", length, 1000, 0},
    {"INH", "[in_i]", "in", length, 0.0254, 0},
    {"FOT", "[ft_i]", "ft", length, 0.3048, 0},
    {"SMI", "[mi_i]", "mi", length, 1609.344, 0},

    {"MTK", "m2", "m²", area, 1, 0},
    {"CMK", "cm2", "cm²", area, 1e-4, 0},
    {"KMK", "km2", "km²", area, 1e6, 0},
    {"HAR", "har", "ha", area, 1e4, 0},

    {"MTQ", "m3", "m³", volume, 1, 0},
    {"DMQ", "dm3", "dm³", volume, 1e-3, 0},
    {"LTR", "l", "l", volume, 1e-3, 0},
    {"CMQ", "cm3", "cm³", volume, 1e-6, 0},
    {"MLT", "ml", "ml", volume, 1e-6, 0},
    {"HLT", "hl", "hl", volume, 0.1, 0},

    {"KGM", "kg", "kg", mass, 1, 0},
    {"GRM", "g", "g", mass, 1e-3, 0},
    {"MGM", "mg", "mg", mass, 1e-6, 0},
    {"MC", "ug", "µg", mass, 1e-9, 0},
    {"TNE", "t", "t", mass, 1000, 0},

    {"SEC", "s", "s", quantity::time, 1, 0},
    {"C26", "ms", "ms", quantity::time, 1e-3, 0},
    {"B98", "us", "µs", quantity::time, 1e-6, 0},
    {"MIN", "min", "min", quantity::time, 60, 0},
    {"HUR", "h", "h", quantity::time, 3600, 0},
    {"DAY", "d", "d", quantity::time, 86400, 0},
    {"WEE", "wk", "Wochen", quantity::time, 604800, 0},

    {"CEL", "Cel", "°C", temperature, 1, 273.15},
    {"KEL", "K", "K", temperature, 1, 0},
    {"FAH", "[degF]", "°F", temperature, 5.0 / 9, 459.67 * 5 / 9},

    {"MTS", "m/s", "m/s", speed, 1, 0},
    {"KMH", "km/h", "km/h", speed, 1 / 3.6, 0},
    {"KNT", "[kn_i]", "kn", speed, 1852.0 / 3600, 0},
    {"HM", "[mi_i]/h", "mph", speed, 0.44704, 0},

    {"PAL", "Pa", "Pa", pressure, 1, 0},
    {"A97", "hPa", "hPa", pressure, 100, 0},
    {"KPA", "kPa", "kPa", pressure, 1000, 0},
    {"MBR", "mbar", "mbar", pressure, 100, 0},
    {"BAR", "bar", "bar", pressure, 1e5, 0},

    {"MQS", "m3/s", "m³/s", flow, 1, 0},
    {"MQH", "m3/h", "m³/h", flow, 1.0 / 3600, 0},
    {"G51", "l/s", "l/s", flow, 1e-3, 0},
    {"L2", "l/min", "l/min", flow, 1e-3 / 60, 0},
    {"E32", "l/h", "l/h", flow, 1e-3 / 3600, 0},

    {"KMQ", "kg/m3", "kg/m³", concentration, 1, 0},
    {"A93", "g/m3", "g/m³", concentration, 1e-3, 0},
    {"GL", "g/l", "g/l", concentration, 1, 0},
    {"GP", "mg/m3", "mg/m³", concentration, 1e-6, 0},
    {"M1", "mg/l", "mg/l", concentration, 1e-3, 0},
    {"GQ", "ug/m3", "µg/m³", concentration, 1e-9, 0},
    {"H29", "ug/l", "µg/l", concentration, 1e-6, 0},
    {"23", "g/cm3", "g/cm³", concentration, 1000, 0},

    {"JOU", "J", "J", energy, 1, 0},
    {"KJO", "kJ", "kJ", energy, 1e3, 0},
    {"3B", "MJ", "MJ", energy, 1e6, 0},
    {"GV", "GJ", "GJ", energy, 1e9, 0},
    {"WHR", "W.h", "Wh", energy, 3600, 0},
    {"KWH", "kW.h", "kWh", energy, 3.6e6, 0},
    {"MWH", "MW.h", "MWh", energy, 3.6e9, 0},
    {"GWH", "GW.h", "GWh", energy, 3.6e12, 0},

    {"WTT", "W", "W", power, 1, 0},
    {"KWT", "kW", "kW", power, 1e3, 0},
    {"MAW", "MW", "MW", power, 1e6, 0},
    {"D44", "{var}", "var", reactive_power, 1, 0},
    {"KVR", "k{var}", "kvar", reactive_power, 1e3, 0},
    {"D46", "V.A", "VA", apparent_power, 1, 0},
    {"KVA", "kV.A", "kVA", apparent_power, 1e3, 0},

    {"VLT", "V", "V", voltage, 1, 0},
    {"2Z", "mV", "mV", voltage, 1e-3, 0},
    {"KVT", "kV", "kV", voltage, 1e3, 0},
    {"AMP", "A", "A", current, 1, 0},
    {"4K", "mA", "mA", current, 1e-3, 0},
    {"AMH", "A.h", "Ah", charge, 3600, 0},
    {"OHM", "Ohm", "Ω", resistance, 1, 0},
    {"B49", "kOhm", "kΩ", resistance, 1e3, 0},
    {"D10", "S/m", "S/m", conductivity, 1, 0},
    {"H61", "mS/cm", "mS/cm", conductivity, 0.1, 0},
    {"G42", "uS/cm", "µS/cm", conductivity, 1e-4, 0},

    {"HTZ", "Hz", "Hz", frequency, 1, 0},
    {"KHZ", "kHz", "kHz", frequency, 1e3, 0},
    {"MHZ", "MHz", "MHz", frequency, 1e6, 0},
    {"RPM", "{rpm}", "1/min", frequency, 1.0 / 60, 0},

    {"LUX", "lx", "lx", illuminance, 1, 0},
    {"LUM", "lm", "lm", luminous_flux, 1, 0},
    {"D54", "W/m2", "W/m²", irradiance, 1, 0},
    {"2N", "dB", "dB", sound_level, 1, 0},
    {"DBM", "dB[mW]", "dBm", signal_level, 1, 0},
    {"28", "kg/m2", "kg/m²", rain_amount, 1, 0},
    {"H67", "mm/h", "mm/h", rain_rate, 1, 0},

    {"DD", "deg", "°", angle, std::numbers::pi / 180, 0},
    {"C81", "rad", "rad", angle, 1, 0},
    {"Q30", "[pH]", "pH", acidity, 1, 0},
    {"NTU", "[NTU]", "NTU", turbidity, 1, 0},
    {"NEW", "N", "N", force, 1, 0},
    {"A99", "bit", "bit", data, 0.125, 0},
    {"AD", "By", "B", data, 1, 0},
    {"2P", "kBy", "kB", data, 1e3, 0},
    {"4L", "MBy", "MB", data, 1e6, 0},
    {"E34", "GBy", "GB", data, 1e9, 0},
    {"BQL", "Bq", "Bq", radioactivity, 1, 0},
    {"P70", "Sv/h", "Sv/h", dose_rate, 1, 0},
    {"P72", "uSv/h", "µSv/h", dose_rate, 1e-6, 0},
};

unit const* find_by(std::string_view unit::*name, std::string_view text) {
  auto const found = std::find_if(std::begin(units), std::end(units), [&](unit const& u) { return u.*name == text; });
  return found == std::end(units) || text.empty() ? nullptr : &*found;
}

// The micro sign is written as U+00B5, as Greek mu U+03BC, or as u.
std::string with_micro_sign(std::string_view symbol) {
  if (symbol.starts_with("\u03bc")) return "µ" + std::string(symbol.substr(2));
  if (symbol.starts_with("u") && symbol.size() > 1) return "µ" + std::string(symbol.substr(1));
  return std::string(symbol);
}

}  // namespace

std::span<unit const> all_units() { return units; }

unit const* find_unit_by_code(std::string_view code) { return find_by(&unit::code, code); }
unit const* find_unit_by_ucum(std::string_view ucum) { return find_by(&unit::ucum, ucum); }
unit const* find_unit_by_symbol(std::string_view symbol) { return find_by(&unit::symbol, with_micro_sign(symbol)); }

unit const* find_unit(std::string_view name) {
  if (name == "HPA") return find_unit_by_code("A97");
  if (auto const* const u = find_unit_by_code(name)) return u;
  if (auto const* const u = find_unit_by_ucum(name)) return u;
  return find_unit_by_symbol(name);
}

std::optional<double> convert(double value, unit const& from, unit const& to) {
  if (&from == &to) return value;
  if (from.quantity != to.quantity) return {};
  auto const exactly = [&]() -> std::optional<decimal> {
    auto const decimal_of = [](double d) { return find_decimal(d, decimal_digits_max); };
    auto const v = find_decimal(value);
    auto const f = decimal_of(from.factor), shift = decimal_of(from.offset), back = decimal_of(-to.offset), by = decimal_of(to.factor);
    if (!v || !f || !shift || !back || !by) return {};
    auto const base = product(*v, *f);
    auto const moved = base ? sum(*base, *shift) : std::nullopt;
    auto const there = moved ? sum(*moved, *back) : std::nullopt;
    return there ? quotient(*there, *by) : std::nullopt;
  };
  if (auto const exact = exactly()) return to_double(*exact);
  return (value * from.factor + from.offset - to.offset) / to.factor;
}

}  // namespace dos
