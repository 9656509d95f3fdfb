// Netvox R831D: three relays and three inputs, here in a street light's cabinet.

const device = 0xb0;
const name = 'R831D';
const on = (n) => (n === 0 ? 'OFF' : 'ON');
const u16 = (b, i) => (b[i] << 8) | b[i + 1];
const success = (n) => (n === 0 ? 'Success' : 'Failure');
const switch_types = ['Toggle', 'Momentary'];

// Requests by their code; a request's response has bit 7 set.
const requests = {
  0x01: {
    Cmd: 'ConfigReportReq',
    read: (b) => ({ MinTime: u16(b, 2), MaxTime: u16(b, 4) }),
    write: (d) => [d.MinTime >> 8, d.MinTime & 255, d.MaxTime >> 8, d.MaxTime & 255],
  },
  0x02: { Cmd: 'ReadConfigReportReq', read: () => ({}), write: () => [] },
  0x03: {
    Cmd: 'SetSwitchTypeReq',
    read: (b) => ({ SwitchType: switch_types[b[2]] }),
    write: (d) => [switch_types.indexOf(d.SwitchType)],
  },
  0x04: { Cmd: 'GetSwitchTypeReq', read: () => ({}), write: () => [] },
  0x90: { Cmd: 'Off', read: channels, write: (d) => [d.Channel] },
  0x91: { Cmd: 'On', read: channels, write: (d) => [d.Channel] },
  0x92: { Cmd: 'Toggle', read: channels, write: (d) => [d.Channel] },
  0x94: { Cmd: 'ReadCurrentStatus', read: () => ({}), write: () => [] },
};
const responses = {
  0x81: { Cmd: 'ConfigReportRsp', read: (b) => ({ Status: success(b[2]) }) },
  0x82: { Cmd: 'ReadConfigReportRsp', read: (b) => ({ MinTime: u16(b, 2), MaxTime: u16(b, 4) }) },
  0x83: { Cmd: 'SetSwitchTypeRsp', read: (b) => ({ Status: success(b[2]) }) },
  0x84: { Cmd: 'GetSwitchTypeRsp', read: (b) => ({ SwitchType: switch_types[b[2]] }) },
};

// Bit 0 is the first relay.
function channels(b) {
  return { Channel: b[2].toString(2).padStart(8, '0') };
}

function decodeUplink({ bytes: b, fPort }) {
  if (b.length < 11) return { errors: [`11 bytes expected, ${b.length} came`] };
  if (b[1] !== device) return { errors: [`device type ${device} expected, ${b[1]} came`] };
  if (fPort === 7) {
    const response = responses[b[0]];
    return response
      ? { data: { Cmd: response.Cmd, Device: name, ...response.read(b) } }
      : { errors: ['unknown response'] };
  }
  if (fPort !== 6) return { errors: ['unknown FPort'] };
  if (b[2] === 0) {
    const date = b
      .slice(5, 9)
      .map((n) => n.toString(16).padStart(2, '0'))
      .join('');
    return { data: { Device: name, SWver: b[3] / 10, HWver: b[4], Datecode: date } };
  }
  if (b[2] !== 1) return { errors: ['unknown report type'] };
  const data = { Device: name };
  for (let i = 0; i < 3; i++) {
    data[`Relay_${i + 1}`] = on(b[3 + i]);
    data[`Input_${i + 1}`] = on(b[6 + i]);
  }
  return { data };
}

function encodeDownlink({ data }) {
  const found = Object.entries(requests).find(([, r]) => r.Cmd === data.Cmd);
  if (!found) return { errors: ['unknown command'] };
  const values = found[1].write(data);
  if (!values.every((n) => Number.isInteger(n) && n >= 0 && n <= 255))
    return { errors: ['a value is missing or out of range'] };
  const bytes = [Number(found[0]), device, ...values];
  while (bytes.length < 11) bytes.push(0);
  return { fPort: 7, bytes };
}

function decodeDownlink({ bytes: b, fPort }) {
  const request = requests[b[0]];
  if (fPort !== 7 || b[1] !== device || !request) return { errors: ['no command for this device'] };
  return { data: { Cmd: request.Cmd, Device: name, ...request.read(b) } };
}
