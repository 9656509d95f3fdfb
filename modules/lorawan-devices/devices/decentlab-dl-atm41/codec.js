// Decentlab DL-ATM41: weather station (ATMOS 41) without moving parts.

const signed = (n) => n - 32768;
const groups = [
  {
    words: 17,
    values: [
      ['solar_radiation', 'Solar radiation', 'W⋅m⁻²', (x) => signed(x[0])],
      ['precipitation', 'Precipitation', 'mm', (x) => signed(x[1]) / 1000],
      ['lightning_strike_count', 'Lightning strike count', '', (x) => signed(x[2])],
      ['lightning_average_distance', 'Lightning average distance', 'km', (x) => signed(x[3])],
      ['wind_speed', 'Wind speed', 'm⋅s⁻¹', (x) => signed(x[4]) / 100],
      ['wind_direction', 'Wind direction', '°', (x) => signed(x[5]) / 10],
      ['maximum_wind_speed', 'Maximum wind speed', 'm⋅s⁻¹', (x) => signed(x[6]) / 100],
      ['air_temperature', 'Air temperature', '°C', (x) => signed(x[7]) / 10],
      ['vapor_pressure', 'Vapor pressure', 'kPa', (x) => signed(x[8]) / 100],
      ['atmospheric_pressure', 'Atmospheric pressure', 'kPa', (x) => signed(x[9]) / 100],
      ['relative_humidity', 'Relative humidity', '%', (x) => signed(x[10]) / 10],
      ['sensor_temperature_internal', 'Sensor temperature (internal)', '°C', (x) => signed(x[11]) / 10],
      ['x_orientation_angle', 'X orientation angle', '°', (x) => signed(x[12]) / 10],
      ['y_orientation_angle', 'Y orientation angle', '°', (x) => signed(x[13]) / 10],
      ['compass_heading', 'Compass heading', '°', (x) => signed(x[14])],
      ['north_wind_speed', 'North wind speed', 'm⋅s⁻¹', (x) => signed(x[15]) / 100],
      ['east_wind_speed', 'East wind speed', 'm⋅s⁻¹', (x) => signed(x[16]) / 100],
    ],
  },
  { words: 1, values: [['battery_voltage', 'Battery voltage', 'V', (x) => x[0] / 1000]] },
];

// Decentlab protocol 2: version, device id, a bit per group of values, then 16-bit words, all big endian.
function decodeUplink({ bytes }) {
  const word = (i) => (bytes[i] << 8) | bytes[i + 1];
  if (bytes[0] !== 2) return { errors: [`protocol version 2 expected, ${bytes[0]} came`] };
  if (bytes.length < 5) return { errors: [`at least 5 bytes expected, ${bytes.length} came`] };
  const data = { protocol_version: 2, device_id: word(1) };
  let at = 5;
  for (const [i, { words, values }] of groups.entries()) {
    if (((word(3) >> i) & 1) === 0) continue;
    if (at + 2 * words > bytes.length) return { errors: ['the message is cut off'] };
    const x = Array.from({ length: words }, (_, k) => word(at + 2 * k));
    at += 2 * words;
    for (const [name, displayName, unit, value] of values) {
      data[name] = unit ? { displayName, value: value(x), unit } : { displayName, value: value(x) };
    }
  }
  return { data };
}
