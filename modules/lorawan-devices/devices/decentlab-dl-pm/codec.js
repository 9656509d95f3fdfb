// Decentlab DL-PM: particulate matter, air temperature, humidity and pressure.

const groups = [
  { words: 1, values: [['battery_voltage', 'Battery voltage', 'V', (x) => x[0] / 1000]] },
  {
    words: 10,
    values: [
      ['pm1_0_mass_concentration', 'PM1.0 mass concentration', 'µg⋅m⁻³', (x) => x[0] / 10],
      ['pm2_5_mass_concentration', 'PM2.5 mass concentration', 'µg⋅m⁻³', (x) => x[1] / 10],
      ['pm4_mass_concentration', 'PM4 mass concentration', 'µg⋅m⁻³', (x) => x[2] / 10],
      ['pm10_mass_concentration', 'PM10 mass concentration', 'µg⋅m⁻³', (x) => x[3] / 10],
      ['typical_particle_size', 'Typical particle size', 'nm', (x) => x[4]],
      ['pm0_5_number_concentration', 'PM0.5 number concentration', '1⋅cm⁻³', (x) => x[5] / 10],
      ['pm1_0_number_concentration', 'PM1.0 number concentration', '1⋅cm⁻³', (x) => x[6] / 10],
      ['pm2_5_number_concentration', 'PM2.5 number concentration', '1⋅cm⁻³', (x) => x[7] / 10],
      ['pm4_number_concentration', 'PM4 number concentration', '1⋅cm⁻³', (x) => x[8] / 10],
      ['pm10_number_concentration', 'PM10 number concentration', '1⋅cm⁻³', (x) => x[9] / 10],
    ],
  },
  {
    words: 2,
    values: [
      ['air_temperature', 'Air temperature', '°C', (x) => (175.72 * x[0]) / 65536 - 46.85],
      ['air_humidity', 'Air humidity', '%', (x) => (125 * x[1]) / 65536 - 6],
    ],
  },
  { words: 1, values: [['barometric_pressure', 'Barometric pressure', 'Pa', (x) => x[0] * 2]] },
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
