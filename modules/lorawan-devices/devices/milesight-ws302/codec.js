// Milesight WS302: sound levels by IEC 61672. The name of a level carries the weighting that is set in the device:
// frequency Z, A or C and time I (impulse), F (fast) or S (slow), for example LAF and LAFmax.

const u16 = (b, i) => b[i] | (b[i + 1] << 8);
const channels = {
  0x0175: { size: 1, read: (b) => ({ battery: b[0] }) },
  0x055b: {
    size: 7,
    read: (b) => {
      const frequency = ['Z', 'A', 'C'][b[0] & 3] ?? 'A';
      const time = ['I', 'F', 'S'][(b[0] >> 2) & 3] ?? 'F';
      return {
        [`L${frequency}${time}`]: u16(b, 1) / 10,
        [`L${frequency}eq`]: u16(b, 3) / 10,
        [`L${frequency}${time}max`]: u16(b, 5) / 10,
      };
    },
  },
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
