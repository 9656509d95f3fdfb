// Decentlab DL-MBX: ultrasonic distance from a bridge or a shaft's rim to the water.
// variables.sensor_height_m, the sensor's height above the gauge's zero, turns the distance into a water level.

const groups = [
  {
    words: 2,
    values: [
      ['distance', 'Distance', 'mm', (x) => x[0]],
      ['number_of_valid_samples', 'Number of valid samples', '', (x) => x[1]],
    ],
  },
  { words: 1, values: [['battery_voltage', 'Battery voltage', 'V', (x) => x[0] / 1000]] },
];

// Decentlab protocol 2: version, device id, a bit per group of values, then 16-bit words, all big endian.
function read_groups(bytes) {
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

function decodeUplink({ bytes, variables }) {
  const result = read_groups(bytes);
  const height = Number(variables?.sensor_height_m);
  const { distance } = result.data ?? {};
  if (distance && Number.isFinite(height)) {
    const level = Math.round(height * 1000 - distance.value) / 1000;
    result.data.water_level = { displayName: 'Water level', value: level, unit: 'm' };
  }
  return result;
}
