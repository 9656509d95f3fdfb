// Decentlab DL-TRS12: soil moisture, temperature and electrical conductivity (TEROS 12).

const permittivity = (n) => (0.000000002887 * n ** 3 - 0.0000208 * n ** 2 + 0.05276 * n - 43.39) ** 2;
const groups = [
  {
    words: 3,
    values: [
      ['dielectric_permittivity', 'Dielectric permittivity', '', (x) => permittivity(x[0] / 10)],
      ['volumetric_water_content', 'Volumetric water content', 'm³⋅m⁻³', (x) => (x[0] / 10) * 0.0003879 - 0.6956],
      ['soil_temperature', 'Soil temperature', '°C', (x) => (x[1] - 32768) / 10],
      ['electrical_conductivity', 'Electrical conductivity', 'µS⋅cm⁻¹', (x) => x[2]],
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
