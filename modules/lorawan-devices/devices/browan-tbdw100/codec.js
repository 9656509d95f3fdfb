// Browan TBDW100: reed contact on a door or window.

function decodeUplink({ bytes: b, fPort }) {
  if (fPort !== 100) return { errors: ['unknown FPort'] };
  if (b.length < 8) return { errors: [`8 bytes expected, ${b.length} came`] };
  return {
    data: {
      battery: (25 + (b[1] & 0x0f)) / 10,
      count: b[5] | (b[6] << 8) | (b[7] << 16),
      status: b[0] & 1,
      temperatureBoard: (b[2] & 0x7f) - 32,
      time: b[3] | (b[4] << 8),
    },
  };
}
