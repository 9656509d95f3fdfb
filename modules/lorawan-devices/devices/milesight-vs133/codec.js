// Milesight VS133: counts people crossing up to four lines, by time of flight, without a picture.

const u16 = (b, i) => b[i] | (b[i + 1] << 8);
const u32 = (b) => (u16(b, 0) | (u16(b, 2) << 16)) >>> 0;
const channels = {
  0xff01: { size: 1, read: (b) => ({ protocol_version: b[0] }) },
  0xff09: { size: 2, read: (b) => ({ hardware_version: `${b[0]}.${b[1] >> 4}` }) },
  0xff0a: { size: 2, read: (b) => ({ firmware_version: `${b[0]}.${b[1]}` }) },
  0xff16: { size: 8, read: (b) => ({ serial_number: b.map((n) => n.toString(16).padStart(2, '0')).join('') }) },
  0x0fe3: { size: 4, read: (b) => Object.fromEntries(b.map((n, i) => [`region_${i + 1}_count`, n])) },
  0x10e4: {
    size: 5,
    read: (b) => ({ [`region_${b[0]}_avg_dwell`]: u16(b, 1), [`region_${b[0]}_max_dwell`]: u16(b, 3) }),
  },
};
for (let line = 1; line <= 4; line++) {
  const first = 3 * line;
  channels[(first << 8) | 0xd2] = { size: 4, read: (b) => ({ [`line_${line}_total_in`]: u32(b) }) };
  channels[((first + 1) << 8) | 0xd2] = { size: 4, read: (b) => ({ [`line_${line}_total_out`]: u32(b) }) };
  channels[((first + 2) << 8) | 0xcc] = {
    size: 4,
    read: (b) => ({ [`line_${line}_period_in`]: u16(b, 0), [`line_${line}_period_out`]: u16(b, 2) }),
  };
}

// Milesight: a channel, a type, a value, and so on.
function read_channels(b) {
  const data = {};
  for (let i = 0; i + 1 < b.length;) {
    const channel = channels[(b[i] << 8) | b[i + 1]];
    if (!channel)
      return {
        data,
        warnings: [`unknown channel 0x${b[i].toString(16)} of type 0x${b[i + 1].toString(16)}: the rest is not read`],
      };
    if (i + 2 + channel.size > b.length) return { errors: ['the message is cut off'] };
    Object.assign(data, channel.read(b.slice(i + 2, i + 2 + channel.size)));
    i += 2 + channel.size;
  }
  return { data };
}

function decodeUplink({ bytes }) {
  const result = read_channels(bytes);
  const { data } = result;
  for (const what of ['total_in', 'total_out', 'period_in', 'period_out']) {
    const counts = [1, 2, 3, 4].map((line) => data?.[`line_${line}_${what}`]).filter((n) => n !== undefined);
    if (counts.length > 0) data[what] = counts.reduce((a, b) => a + b);
  }
  if (data?.period_in !== undefined) data.period_people = data.period_in + data.period_out;
  return result;
}
