// Milesight AM107: indoor climate with CO2, organic compounds, light, motion and pressure.

const u16 = (b, i = 0) => b[i] | (b[i + 1] << 8);
const i16 = (b, i = 0) => (u16(b, i) << 16) >> 16;
const channels = {
  0x0175: { size: 1, read: (b) => ({ battery: b[0] }) },
  0x0367: { size: 2, read: (b) => ({ temperature: i16(b) / 10 }) },
  0x0468: { size: 1, read: (b) => ({ humidity: b[0] / 2 }) },
  0x056a: { size: 2, read: (b) => ({ activity: u16(b) }) },
  0x0665: { size: 6, read: (b) => ({ illumination: u16(b), infrared_and_visible: u16(b, 2), infrared: u16(b, 4) }) },
  0x077d: { size: 2, read: (b) => ({ co2: u16(b) }) },
  0x087d: { size: 2, read: (b) => ({ tvoc: u16(b) }) },
  0x0973: { size: 2, read: (b) => ({ pressure: u16(b) / 10 }) },
};

// Milesight: a channel, a type, a value, and so on.
function decodeUplink({ bytes: b }) {
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
