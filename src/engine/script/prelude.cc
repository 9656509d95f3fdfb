#include "engine/script/prelude.h"

namespace dos::script {

std::string_view const prelude = R"js((function () {
  'use strict';
  // Taken before the codec can change them.
  const { parse, stringify } = JSON;
  const { isArray } = Array;
  const { isFinite, isInteger, isSafeInteger } = Number;
  const { defineProperty } = Object;
  const S = String,
    N = Number,
    D = Date,
    E = Error,
    P = Promise;
  const texts_max = 100,
    text_max = 500;

  let log = [],
    warnings = [];
  const add_text = (list, text) => {
    if (list.length < texts_max)
      defineProperty(list, list.length, { value: S(text).slice(0, text_max), enumerable: true });
  };
  const show = (x) => {
    try {
      return typeof x === 'string' ? x : (stringify(x) ?? S(x));
    } catch {
      return S(x);
    }
  };
  const offer = (name, value) =>
    defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });

  const print = (...parts) => {
    add_text(log, parts.map(show).join(' '));
  };
  offer('console', { log: print, info: print, warn: print, error: print, debug: print, trace: print });
  offer('module', { exports: {} });
  offer('exports', globalThis.module.exports);

  const utf8_bytes = (text) => {
    const s = unescape(encodeURIComponent(text.toWellFormed()));
    return Uint8Array.from(s, (c) => c.charCodeAt(0));
  };
  const utf8_text = (bytes) => {
    let out = '';
    for (let i = 0; i < bytes.length;) {
      const b = bytes[i++];
      const extra =
        b < 0x80 ? 0 : b >= 0xc2 && b < 0xe0 ? 1 : b >= 0xe0 && b < 0xf0 ? 2 : b >= 0xf0 && b < 0xf5 ? 3 : -1;
      let point = extra < 0 ? 0xfffd : extra === 0 ? b : b & (0x3f >> extra);
      let n = 0;
      for (; n < extra && i < bytes.length && (bytes[i] & 0xc0) === 0x80; n++)
        point = (point << 6) | (bytes[i++] & 0x3f);
      const bad =
        extra > 0 &&
        (n < extra || point > 0x10ffff || point >> 11 === 0x1b || point < [0, 0x80, 0x800, 0x10000][extra]);
      out += S.fromCodePoint(bad ? 0xfffd : point);
    }
    return out;
  };
  offer(
    'TextEncoder',
    class TextEncoder {
      get encoding() {
        return 'utf-8';
      }
      encode(text = '') {
        return utf8_bytes(S(text));
      }
    },
  );
  offer(
    'TextDecoder',
    class TextDecoder {
      get encoding() {
        return 'utf-8';
      }
      decode(bytes = []) {
        return utf8_text(
          bytes instanceof ArrayBuffer
            ? new Uint8Array(bytes)
            : ArrayBuffer.isView(bytes)
              ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
              : bytes,
        );
      }
    },
  );

  // The part of Node's Buffer that codecs use.
  class Buffer extends Uint8Array {
    static from(x, encoding = 'utf8', length) {
      if (typeof x === 'string') {
        const kind = encoding.toLowerCase();
        if (kind === 'hex') {
          const pairs = x.match(/^([0-9a-f]{2})*/i)[0].match(/../g) ?? [];
          return Buffer.from(pairs.map((p) => parseInt(p, 16)));
        }
        if (kind === 'base64' || kind === 'base64url') {
          const plain = x
            .replace(/-/g, '+')
            .replace(/_/g, '/')
            .replace(/[^A-Za-z0-9+/]/g, '');
          return Buffer.from(Array.from(atob(plain), (c) => c.charCodeAt(0)));
        }
        if (kind === 'ascii' || kind === 'latin1' || kind === 'binary') {
          return Buffer.from(Array.from(x, (c) => c.charCodeAt(0)));
        }
        return Buffer.from(utf8_bytes(x));
      }
      if (x instanceof ArrayBuffer) return new Buffer(x, typeof encoding === 'number' ? encoding : 0, length);
      const list = x?.type === 'Buffer' && isArray(x.data) ? x.data : x;
      const b = new Buffer(list.length);
      for (let i = 0; i < list.length; i++) b[i] = list[i];
      return b;
    }
    static alloc(size, fill = 0) {
      return new Buffer(size).fill(fill);
    }
    static allocUnsafe(size) {
      return new Buffer(size);
    }
    static isBuffer(x) {
      return x instanceof Buffer;
    }
    static byteLength(x) {
      return typeof x === 'string' ? utf8_bytes(x).length : x.byteLength;
    }
    static concat(list, size = list.reduce((n, b) => n + b.length, 0)) {
      const out = Buffer.alloc(size);
      let at = 0;
      for (const b of list) {
        const fits = b.subarray(0, Math.max(0, size - at));
        out.set(fits, at);
        at += fits.length;
      }
      return out;
    }
    toString(encoding = 'utf8', from = 0, to = this.length) {
      const part = this.subarray(from, to);
      const letters = () => Array.from(part, (b) => S.fromCharCode(b)).join('');
      switch (encoding.toLowerCase()) {
        case 'hex':
          return Array.from(part, (b) => b.toString(16).padStart(2, '0')).join('');
        case 'base64':
          return btoa(letters());
        case 'ascii':
        case 'latin1':
        case 'binary':
          return letters();
        default:
          return utf8_text(part);
      }
    }
    toJSON() {
      return { type: 'Buffer', data: Array.from(this) };
    }
    equals(other) {
      return this.length === other.length && this.every((b, i) => b === other[i]);
    }
    slice(from, to) {
      return this.subarray(from, to);
    }
    copy(target, at = 0, from = 0, to = this.length) {
      const part = this.subarray(from, Math.min(to, from + target.length - at));
      target.set(part, at);
      return part.length;
    }
    write(text, at = 0) {
      const bytes = utf8_bytes(text).subarray(0, this.length - at);
      this.set(bytes, at);
      return bytes.length;
    }
    readUIntBE(at, size) {
      let n = 0;
      for (let i = 0; i < size; i++) n = n * 256 + this[at + i];
      return n;
    }
    readUIntLE(at, size) {
      let n = 0;
      for (let i = size; i-- > 0;) n = n * 256 + this[at + i];
      return n;
    }
    readIntBE(at, size) {
      const n = this.readUIntBE(at, size);
      return n < 2 ** (8 * size - 1) ? n : n - 2 ** (8 * size);
    }
    readIntLE(at, size) {
      const n = this.readUIntLE(at, size);
      return n < 2 ** (8 * size - 1) ? n : n - 2 ** (8 * size);
    }
    writeUIntBE(n, at, size) {
      for (let i = size; i-- > 0; n = Math.floor(n / 256)) this[at + i] = n;
      return at + size;
    }
    writeUIntLE(n, at, size) {
      for (let i = 0; i < size; i++, n = Math.floor(n / 256)) this[at + i] = n;
      return at + size;
    }
  }
  for (const [name, type, size] of [
    ['Int8', 'Int8', 1],
    ['Int16', 'Int16', 2],
    ['Int32', 'Int32', 4],
    ['Float', 'Float32', 4],
    ['Double', 'Float64', 8],
    ['UInt8', 'Uint8', 1],
    ['UInt16', 'Uint16', 2],
    ['UInt32', 'Uint32', 4],
    ['Uint8', 'Uint8', 1],
    ['Uint16', 'Uint16', 2],
    ['Uint32', 'Uint32', 4],
    ['BigInt64', 'BigInt64', 8],
    ['BigUInt64', 'BigUint64', 8],
  ]) {
    for (const order of size === 1 ? [''] : ['BE', 'LE']) {
      const view = (b) => new DataView(b.buffer, b.byteOffset, b.byteLength);
      const hidden = (value) => ({ value, writable: true, configurable: true });
      defineProperty(
        Buffer.prototype,
        'read' + name + order,
        hidden(function (at = 0) {
          return view(this)['get' + type](at, order === 'LE');
        }),
      );
      defineProperty(
        Buffer.prototype,
        'write' + name + order,
        hidden(function (n, at = 0) {
          view(this)['set' + type](at, n, order === 'LE');
          return at + size;
        }),
      );
    }
  }
  offer('Buffer', Buffer);
  offer('require', (name) => {
    if (name === 'buffer' || name === 'node:buffer') return { Buffer };
    throw new E('require(' + show(name) + '): a codec stands alone');
  });

  const plain = (key, value) => {
    switch (typeof value) {
      case 'number':
        if (isFinite(value)) return value;
        add_text(warnings, '"' + key + '" is ' + S(value) + ', which JSON cannot say: taken as null');
        return null;
      case 'bigint':
        return isSafeInteger(N(value)) ? N(value) : S(value);
      case 'string':
        return value.isWellFormed() ? value : value.toWellFormed();
      case 'object':
        if (value !== null && ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value);
        return value;
      default:
        return value;
    }
  };
  const texts_of = (x, list) => {
    if (x === undefined || x === null) return;
    if (!isArray(x)) {
      add_text(list, show(x));
      return;
    }
    for (let i = 0; i < x.length && i < texts_max; i++) add_text(list, show(x[i]));
  };
  const answer_of = (name, result) => {
    if (result === null || typeof result !== 'object') {
      throw new E(name + ' returned ' + (result === null ? 'null' : typeof result) + ', an object was expected');
    }
    if (result instanceof P) throw new E(name + ' returned a promise; a codec must answer at once');
    return result;
  };
  const decoded = (name, result) => {
    const { data, warnings: w, errors: e } = answer_of(name, result);
    const errors = [];
    texts_of(w, warnings);
    texts_of(e, errors);
    if (data === undefined && errors.length === 0) add_text(warnings, name + ' returned no "data"');
    return { data: data ?? null, errors };
  };
  const encoded = (name, bytes, result) => {
    const errors = [];
    texts_of(result.warnings, warnings);
    texts_of(result.errors, errors);
    const list = [];
    if (bytes !== undefined && bytes !== null) {
      for (let i = 0; i < bytes.length; i++) {
        if (!isInteger(bytes[i]) || bytes[i] < -128 || bytes[i] > 255)
          throw new E(name + ': byte ' + i + ' is ' + show(bytes[i]));
        defineProperty(list, i, { value: bytes[i] & 255, enumerable: true });
      }
    } else if (errors.length === 0) {
      throw new E(name + ' returned neither bytes nor errors');
    }
    return { bytes: list, fPort: result.fPort, errors };
  };

  let f = {};
  const calls = {
    decode_uplink({ bytes, fPort, recvTime, variables }) {
      if (f.decodeUplink) {
        return decoded('decodeUplink', f.decodeUplink({ bytes, fPort, recvTime: new D(recvTime), variables }));
      }
      const data = f.Decoder ? f.Decoder(bytes, fPort) : f.Decode(fPort, bytes, variables);
      return decoded(f.Decoder ? 'Decoder' : 'Decode', { data: answer_of(f.Decoder ? 'Decoder' : 'Decode', data) });
    },
    decode_downlink: ({ bytes, fPort, variables }) =>
      decoded('decodeDownlink', f.decodeDownlink({ bytes, fPort, variables })),
    encode_downlink({ data, fPort, variables }) {
      if (f.encodeDownlink) {
        const r = answer_of('encodeDownlink', f.encodeDownlink({ data, fPort, variables }));
        return encoded('encodeDownlink', r.bytes, r);
      }
      const name = f.Encoder ? 'Encoder' : 'Encode';
      return encoded(name, answer_of(name, f.Encoder ? f.Encoder(data, fPort) : f.Encode(fPort, data, variables)), {
        fPort,
      });
    },
  };
  return (x) => {
    if (typeof x !== 'string') {
      f = x;
      return Object.keys(f)
        .filter((name) => f[name])
        .join(' ');
    }
    log = [];
    warnings = [];
    const { call, ...input } = parse(x);
    const { data, ...rest } = calls[call](input);
    // First the data, so that the warnings about them are known.
    const data_text = stringify(data, plain) ?? 'null';
    return '{"data":' + data_text + ',"rest":' + stringify({ ...rest, warnings, log }, plain) + '}';
  };
})())js";

std::string_view const find_functions = R"js((function (own) {
  'use strict';
  const e = globalThis.module?.exports,
    x = globalThis.exports;
  const d = e?.default ?? x?.default;
  const find = (name) => [own[name], e?.[name], x?.[name], d?.[name]].find((f) => typeof f === 'function');
  const out = {};
  for (const name of Object.keys(own)) out[name] = find(name);
  // module.exports = function (input) { … }, export default function (input) { … }
  if (!out.decodeUplink && !out.Decoder && !out.Decode) out.decodeUplink = [e, d].find((f) => typeof f === 'function');
  return out;
})({
  decodeUplink: typeof decodeUplink === 'undefined' ? undefined : decodeUplink,
  Decoder: typeof Decoder === 'undefined' ? undefined : Decoder,
  Decode: typeof Decode === 'undefined' ? undefined : Decode,
  decodeDownlink: typeof decodeDownlink === 'undefined' ? undefined : decodeDownlink,
  encodeDownlink: typeof encodeDownlink === 'undefined' ? undefined : encodeDownlink,
  Encoder: typeof Encoder === 'undefined' ? undefined : Encoder,
  Encode: typeof Encode === 'undefined' ? undefined : Encode,
}))js";

std::string_view const take_exports = "(function (exported) { globalThis.module.exports = exported; })";

}  // namespace dos::script
