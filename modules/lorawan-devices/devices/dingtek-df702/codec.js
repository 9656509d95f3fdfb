// Dingtek DF702: ultrasonic distance from a bin's lid to the waste, with fire and tilt alarm.
// variables.height_mm, the distance from the sensor to the empty bin's floor, turns the distance into a filling level.

const reports = { heartbeat: 1, alarm: 2, confirmation: 3 };
const settings = [
  // name, code, least, greatest
  ['periodic_interval', 0x01, 1, 168],
  ['full_alarm_threshold', 0x02, 15, 255],
  ['fire_alarm_threshold', 0x03, 0, 255],
  ['tilt_alarm_threshold', 0x04, 15, 90],
  ['detection_interval', 0x08, 1, 60],
];
// One code carries two switches; each value of it means one state of one of them.
const switch_code = 0x09;
const switches = [
  [0x0a, { tilt_enable: true }],
  [0x09, { tilt_enable: false }],
  [0x13, { ultrasonic_range: 5 }],
  [0x07, { ultrasonic_range: 2 }],
];
const head = '80029999';
const tail = '81';

const f32 = (b, i) => new DataView(Uint8Array.from(b.slice(i, i + 4)).buffer).getFloat32(0, true);

function measured(b, at, variables) {
  const distance = (b[5] << 8) | b[6];
  const temperature = (b[at] << 24) >> 24;
  const angle = b[at + 1] === 0 ? b[at + 2] : -b[at + 2];
  const height = Number(variables?.height_mm);
  const fire = (b[at + 3] & 0x0f) !== 0;
  const tilt = b[at + 4] >> 4 !== 0;
  return {
    level: `${distance} mm`,
    full: b[at + 3] >> 4 !== 0,
    fire,
    tilt,
    battery: (b[at + 4] & 0x0f) !== 0,
    angle: `${angle} °`,
    temperature: `${temperature} ℃`,
    distance_mm: distance,
    temperature_c: temperature,
    angle_degrees: angle,
    status: fire ? 'burning' : tilt ? 'dropped' : 'ok',
    filling_level: height > 0 ? Math.min(1, Math.max(0, Math.round((1 - distance / height) * 1000) / 1000)) : undefined,
  };
}

function confirmed(b) {
  return {
    periodic_interval: `${b[7]} hours`,
    detection_interval: `${b[8]} minutes`,
    full_alarm_threshold: `${b[9]} cm`,
    fire_alarm_threshold: `${b[10]} ℃`,
    tilt_alarm_threshold: `${b[11]} °`,
    tilt_enable: b[12] !== 0,
    ultrasonic_range: b[13] === 0 ? '2000 mm' : '5000 mm',
  };
}

function decodeUplink({ bytes: b, fPort, variables }) {
  if (fPort !== 3) return { errors: ['unknown FPort'] };
  if (b.length !== 17 && b.length !== 25) return { errors: ['wrong length'] };
  if (b[3] === reports.confirmation) return { data: confirmed(b) };
  if (b.length === 17) return { data: measured(b, 8, variables) };
  return { data: { ...measured(b, 16, variables), longitude: f32(b, 8).toFixed(6), latitude: f32(b, 12).toFixed(6) } };
}

const hex = (n) => n.toString(16).padStart(2, '0').toUpperCase();
const command = (code, value) => ({
  bytes: Array.from(head + hex(code) + hex(value) + tail, (c) => c.charCodeAt(0)),
  fPort: 3,
});

function encodeDownlink({ data }) {
  for (const [name, code, least, greatest] of settings) {
    if (data[name] === undefined) continue;
    const n = data[name];
    if (!Number.isInteger(n) || n < least || n > greatest)
      return { errors: [`${name} must be ${least} to ${greatest}`] };
    return command(code, n);
  }
  for (const [value, meaning] of switches) {
    const [name, state] = Object.entries(meaning)[0];
    if (data[name] === state) return command(switch_code, value);
  }
  return { errors: ['no setting that this device knows'] };
}

function decodeDownlink({ bytes, fPort }) {
  const text = String.fromCharCode(...bytes);
  if (fPort !== 3 || !text.startsWith(head) || !text.endsWith(tail) || text.length !== 14)
    return { errors: ['no command'] };
  const [code, value] = [parseInt(text.slice(8, 10), 16), parseInt(text.slice(10, 12), 16)];
  if (code === switch_code) {
    const found = switches.find(([v]) => v === value);
    return found ? { data: found[1] } : { errors: ['unknown switch'] };
  }
  const setting = settings.find(([, c]) => c === code);
  return setting ? { data: { [setting[0]]: value } } : { errors: ['unknown setting'] };
}
