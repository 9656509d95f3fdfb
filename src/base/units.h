// Units of measurement: UN/CEFACT Recommendation 20 (NGSI-LD unitCode), UCUM (SensorThings) and what people read.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace dos {

enum class quantity : unsigned char {
  ratio,  // percent, parts per million
  count,
  length,
  area,
  volume,
  mass,
  time,
  temperature,
  speed,
  pressure,
  flow,
  concentration,  // mass in volume
  energy,
  power,
  reactive_power,
  apparent_power,
  voltage,
  current,
  charge,
  resistance,
  conductivity,
  frequency,
  illuminance,
  luminous_flux,
  irradiance,
  sound_level,
  signal_level,
  rain_amount,  // kg/m², which is mm of water
  rain_rate,
  angle,
  acidity,
  turbidity,
  force,
  data,
  radioactivity,
  dose_rate
};

// value in the quantity's base unit = value × factor + offset
struct unit {
  std::string_view code;    // "CEL"
  std::string_view ucum;    // "Cel"
  std::string_view symbol;  // "°C"
  dos::quantity quantity;
  double factor;
  double offset;
};

std::span<unit const> all_units();

// Case matters in all three, as the standards ask. Millimetre of rain is found by code 28 or UCUM kg/m2, length by MMT.
unit const* find_unit_by_code(std::string_view code);
unit const* find_unit_by_ucum(std::string_view ucum);
unit const* find_unit_by_symbol(std::string_view symbol);  // "ug/m³" and "µg/m³" (either micro sign) are the same
// By code, else UCUM, else symbol. HPA counts as hectopascal (A97): Recommendation 20 means hectolitres of alcohol by
// it, but published data models and devices mean pressure.
unit const* find_unit(std::string_view name);

// Nothing when the units measure different things.
std::optional<double> convert(double value, unit const& from, unit const& to);

}  // namespace dos
