// Milesight EM300-DI: climate and a pulse counter; what it could not send at once it sends later, with the time it was
// measured.

const u16 = (b, i = 0) => b[i] | (b[i + 1] << 8);
const i16 = (b, i = 0) => (u16(b, i) << 16) >> 16;
const u32 = (b, i = 0) => (u16(b, i) | (u16(b, i + 2) << 16)) >>> 0;
const f32 = (b, i = 0) => new DataView(Uint8Array.from(b.slice(i, i + 4)).buffer).getFloat32(0, true);
const level = (n) => (n === 0 ? 'low' : 'high');
const water = (b, i = 0) => ({ water_conv: u16(b, i) / 10, pulse_conv: u16(b, i + 2) / 10, water: f32(b, i + 4) });
const past = (b) => ({ timestamp: u32(b), temperature: i16(b, 4) / 10, humidity: b[6] / 2 });
// An input is a counter or a contact.
const input = (kind, contact, counter) => (kind === 1 ? { gpio: level(contact) } : kind === 2 ? counter() : {});

const channels = {
  0x0175: { size: 1, read: (b) => ({ battery: b[0] }) },
  0x0367: { size: 2, read: (b) => ({ temperature: i16(b) / 10 }) },
  0x0468: { size: 1, read: (b) => ({ humidity: b[0] / 2 }) },
  0x0500: { size: 1, read: (b) => ({ gpio: level(b[0]) }) },
  0x05c8: { size: 4, read: (b) => ({ pulse: u32(b) }) },
  0x05e1: { size: 8, read: (b) => water(b) },
  0x8500: { size: 2, read: (b) => ({ gpio: level(b[0]), gpio_alarm: b[1] === 1 }) },
  0x85e1: { size: 9, read: (b) => ({ ...water(b), water_alarm: b[8] }) },
  // The last entry of a message may lack the end of its counter.
  0x20ce: { size: 13, least: 7, read: (b) => ({ ...past(b), ...input(b[7], b[8], () => (b.length < 13 ? {} : { pulse: u32(b, 9) })) }) },
  0x21ce: { size: 18, least: 7, read: (b) => ({ ...past(b), ...input(b[8], b[9], () => (b.length < 18 ? {} : water(b, 10))) }) },
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
    const value = b.slice(i + 2, i + 2 + channel.size);
    if (value.length < (channel.least ?? channel.size)) return { errors: ['the message is cut off'] };
    if (channel.least) (data.history ??= []).push(channel.read(value));
    else Object.assign(data, channel.read(value));
    i += 2 + channel.size;
  }
  return { data };
}
