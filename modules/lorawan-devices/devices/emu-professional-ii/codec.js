// EMU Professional II: three-phase electricity meter. Time, then registers (a number, a value), then a CRC-8.

const u = (b) => b.reduceRight((n, byte) => n * 256 + byte, 0);
const i32 = (b) => u(b) | 0;
const hex = (b) =>
  [...b]
    .reverse()
    .map((n) => n.toString(16).padStart(2, '0'))
    .join('');
const year = (b) => b.join('');
const text = (b) => String.fromCharCode(...b);
const tenth = (n) => Math.round(n) / 10;

const registers = {
  0x00: ['data-logger-index', 4, u],
  0x01: ['timestamp', 4, u, 'seconds'],
  0x02: ['timestamp-previous', 4, u, 'seconds'],
  0x0b: ['Active Power L123', 4, i32, 'W'],
  0x0c: ['Active Power L1', 4, i32, 'W'],
  0x0d: ['Active Power L2', 4, i32, 'W'],
  0x0e: ['Active Power L3', 4, i32, 'W'],
  0x0f: ['Current L123', 4, i32, 'mA'],
  0x10: ['Current L1', 4, i32, 'mA'],
  0x11: ['Current L2', 4, i32, 'mA'],
  0x12: ['Current L3', 4, i32, 'mA'],
  0x13: ['Current N', 4, i32, 'mA'],
  0x14: ['Voltage L1-N', 4, (b) => tenth(i32(b)), 'V'],
  0x15: ['Voltage L2-N', 4, (b) => tenth(i32(b)), 'V'],
  0x16: ['Voltage L3-N', 4, (b) => tenth(i32(b)), 'V'],
  0x17: ['Powerfactor L1', 1, (b) => ((b[0] << 24) >> 24) / 100, 'Cos'],
  0x18: ['Powerfactor L2', 1, (b) => ((b[0] << 24) >> 24) / 100, 'Cos'],
  0x19: ['Powerfactor L3', 1, (b) => ((b[0] << 24) >> 24) / 100, 'Cos'],
  0x1a: ['Frequency', 2, (b) => tenth(u(b)), 'Hz'],
  0x1b: ['Active Power average', 4, i32, 'W'],
  0xf0: ['errorcode', 1, u],
  0xf1: ['serial-number', 4, hex],
  0xf2: ['factor-number', 4, hex],
  0xf3: ['current-transformer primary', 2, u],
  0xf4: ['current-transformer secondary', 2, u],
  0xf5: ['voltage-transformer primary', 2, u],
  0xf6: ['voltage-transformer secondary', 2, u],
  0xf7: ['meter-typ', 1, u],
  0xf8: ['MID year', 4, year],
  0xf9: ['factory year', 4, year],
  0xfa: ['firmware version', 4, text],
  0xfb: ['mid-Version', 4, text],
  0xfc: ['manufacturer', 4, text],
  0xfd: ['hw-index', 4, text],
  0xfe: ['systemtime', 4, u],
};
// Energy: active and reactive, import and export, two tariffs, in three sizes.
const energies = ['Active Energy Import', 'Active Energy Export', 'Reactive Energy Import', 'Reactive Energy Export'];
for (const [first, size, suffix, kilo] of [
  [0x03, 4, '', ''],
  [0x1c, 4, ' k', 'k'],
  [0x24, 8, ' 64bit', ''],
]) {
  for (let i = 0; i < 8; i++) {
    const unit = kilo + (i < 4 ? 'Wh' : 'varh');
    registers[first + i] = [
      `${energies[i >> 1]} T${(i & 1) + 1}${suffix === ' k' ? ` ${unit}` : suffix}`,
      size,
      u,
      unit,
    ];
  }
}

// Polynomial x^8 + x^2 + x + 1, start 0.
function crc8(bytes) {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1;
  }
  return crc;
}

function decodeUplink({ bytes: b }) {
  if (b.length < 5) return { errors: [`at least 5 bytes expected, ${b.length} came`] };
  const end = b.length - 1;
  if (crc8(b.slice(0, end)) !== b[end]) return { errors: ['the checksum is wrong'] };
  const data = {};
  for (let i = 4; i < end;) {
    const register = registers[b[i]];
    if (!register) return { errors: [`unknown register ${b[i]}`] };
    const [name, size, read, unit] = register;
    if (i + 1 + size > end) return { errors: ['the message is cut off'] };
    const value = read(b.slice(i + 1, i + 1 + size));
    data[name] = unit ? { unit, value } : { value };
    i += 1 + size;
  }
  data.timeStamp = u(b.slice(0, 4));
  for (const direction of ['Import', 'Export']) {
    const tariff = (n) => data[`Active Energy ${direction} T${n}`]?.value;
    if (tariff(1) !== undefined)
      data[`total_active_energy_${direction.toLowerCase()}_wh`] = tariff(1) + (tariff(2) ?? 0);
  }
  data.medium = { type: 1, desc: 'Electricity' };
  return { data };
}

// The registers that the device sends on a port, and how often (minutes).
function encodeDownlink({ data }) {
  const minutes = Math.min(Math.max(data.timeInterval, 1), 0xffff);
  const flags = (data.sndAck ? 0x02 : 0) | (data.startReJoin ? 0x04 : 0) | (data.portIsActive ? 0x08 : 0);
  if (!Number.isInteger(minutes) || !Array.isArray(data.values))
    return { errors: ['timeInterval and values are needed'] };
  const bytes = [minutes & 255, minutes >> 8, flags, ...data.values];
  return { fPort: data.fPort ?? 1, bytes: [...bytes, crc8(bytes)] };
}
