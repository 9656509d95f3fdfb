// Bosch Parking Lot Sensor TPS110: magnetic and radar detection of a vehicle on one space.

const reset_reasons = [
  'Unknown',
  'Watchdog',
  'Power On',
  'System Request',
  'External Pin',
  'Lockup',
  'Brownout',
  'Others',
];
const debug_texts = {
  201: 'LoRa join request failed',
  208: 'Cause for last reset: Watchdog',
  209: 'Cause for last reset: Power-on',
  717: 'Confirmed uplink message not acknowledged after 8 re-tries',
};
const usage_requests = ['Number of parking status changes detected', 'Time running in occupied state'];

const u32 = (b, i) => ((b[i] << 24) | (b[i + 1] << 16) | (b[i + 2] << 8) | b[i + 3]) >>> 0;
const i8 = (n) => (n << 24) >> 24;

// Debug record: 4 bytes time, 2 bytes of no use to us, 12 bits code, 16 bits sequence number.
function debug_record(b) {
  const code = ((b[6] & 0x0f) << 8) | b[7];
  return {
    debug_code: code,
    debug_code_description: debug_texts[code] ?? null,
    sequence_number: (b[8] << 8) | b[9],
    timestamp: u32(b, 0) | 0,
  };
}

const readers = {
  1: { size: 1, read: (b) => ({ type: 'parking status', occupied: (b[0] & 1) === 1 }) },
  2: {
    size: 1,
    read: (b) => ({ type: 'heartbeat', occupied: (b[0] & 1) === 1, temperature: b.length > 1 ? i8(b[1]) : undefined }),
  },
  3: {
    size: 17,
    read: (b) => ({
      type: 'startup',
      ...debug_record(b),
      firmware_version: b.slice(12, 15).join('.'),
      reset_cause: 0, // always, as Bosch publishes it; the cause is told by reset_reason
      reset_reason: reset_reasons[b[15]] ?? 'Unknown',
      occupied: (b[16] & 1) === 1,
    }),
  },
  5: {
    size: 5,
    read: (b) => {
      if (b[0] > 1) return { type: 'device usage', request: b[0] };
      return { type: usage_requests[b[0]], [b[0] === 0 ? 'parking_status_changes' : 'time_in_seconds']: u32(b, 1) };
    },
  },
  6: { size: 10, read: (b) => ({ type: 'debug', ...debug_record(b) }) },
};

function decodeUplink({ bytes, fPort }) {
  const reader = readers[fPort];
  if (!reader) return { errors: ['unknown FPort'] };
  if (bytes.length < reader.size) return { errors: [`${reader.size} bytes expected, ${bytes.length} came`] };
  return { data: reader.read(bytes) };
}

function encodeDownlink({ data }) {
  if (data.command !== 'Device Usage Request') return { errors: ['unknown command'] };
  const request = usage_requests.indexOf(data.sub_command);
  if (request < 0) return { errors: ['invalid Device Usage Request'] };
  return { bytes: [request], fPort: 55 };
}

function decodeDownlink({ bytes, fPort }) {
  if (fPort !== 55) return { errors: ['unknown FPort'] };
  if (!(bytes[0] in usage_requests)) return { errors: ['invalid Device Usage Request'] };
  return { data: { command: 'Device Usage Request', sub_command: usage_requests[bytes[0]] } };
}
