// A stand-in for the server while pages are being made: `npm run build && npm run fake -- 8120`. It serves the built
// files and invents everything else. It is no part of the product and knows only what the pages ask for.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cities, devices, entities, history, ledger, profiles, quarantine, sources } from './fake_data.mjs';

const root = fileURLToPath(new URL('../build', import.meta.url));
const maps = process.env.FAKE_MAPS ?? fileURLToPath(new URL('../../demo/map', import.meta.url));
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.geojson': 'application/geo+json'
};

const typeIri = (type) => `https://smartdatamodels.org/${type}`;
const openTypes = new Set([typeIri('WeatherObserved')]);
const listeners = new Set();
let session = { signed_in: false };
let position = 0;

setInterval(() => {
  const city = cities[position++ % cities.length].id;
  const moving = entities[city].filter((entity) => !entity.id.includes('Stop') && !entity.fake_silent);
  const entity = moving[Math.floor(Math.random() * moving.length)];
  const changed = [];
  for (const [name, attribute] of Object.entries(entity)) {
    if (!attribute?.observedAt) continue;
    attribute.observedAt = new Date().toISOString();
    if (typeof attribute.value === 'number')
      attribute.value = Math.round((attribute.value * (0.96 + Math.random() * 0.08) + Number.EPSILON) * 100) / 100;
    if (name === 'availableSpotNumber') attribute.value = Math.round(attribute.value);
    changed.push(name);
  }
  publish(city, entity, changed);
}, 700);

function publish(city, entity, changed) {
  const data = JSON.stringify({ id: entity.id, type: entity.type, changed, entity });
  for (const listener of listeners) {
    if (listener.city === city && (!listener.types || listener.types.includes(entity.type)))
      listener.response.write(`id: ${position}\nevent: change\ndata: ${data}\n\n`);
  }
}

function json(response, value, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(value === undefined ? '' : JSON.stringify(value));
}

const problem = (response, status, title) => json(response, { title, status }, status);

async function body(request) {
  let text = '';
  for await (const part of request) text += part;
  return text;
}

function file(response, path, request) {
  let found = normalize(join(root, path));
  if (!found.startsWith(root)) return problem(response, 404, 'not found');
  if (existsSync(found) && statSync(found).isDirectory()) found = join(found, 'index.html');
  const missing = !existsSync(found);
  if (missing) found = join(root, '200.html');
  const headers = { 'content-type': types[extname(found)] ?? 'application/octet-stream' };
  if (request.headers['accept-encoding']?.includes('br') && existsSync(found + '.br')) {
    found += '.br';
    headers['content-encoding'] = 'br';
  }
  response.writeHead(missing ? 404 : 200, headers);
  createReadStream(found).pipe(response);
}

async function platform(city, path, query, request, response) {
  const method = request.method;
  const [first, id, action] = path.split('/').map(decodeURIComponent);
  if (first === 'live') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write('retry: 1000\n\n');
    const listener = { city, types: query.get('types')?.split(','), response };
    listeners.add(listener);
    request.on('close', () => listeners.delete(listener));
    return;
  }
  if (!session.signed_in) return problem(response, 401, 'sign in first');
  if (method !== 'GET' && request.headers['x-dos-request'] !== '1') return problem(response, 403, 'no header');
  if (first === 'device-profiles') return json(response, { items: profiles });
  if (first === 'measuring-points') {
    const items = entities[city]
      .filter((entity) => entity.location && !entity.id.includes('Stop'))
      .map((entity) => ({
        id: entity.id,
        name: entity.name.value,
        type: entity.type,
        location: entity.location.value,
        device: devices[city].find((device) => device.mounts.some((mount) => mount.measuringPoint === entity.id))?.id,
        expectedInterval: entity.expectedInterval?.value
      }));
    return json(response, { items, total: items.length });
  }
  if (first === 'tokens') {
    if (method === 'POST') return json(response, { id: crypto.randomUUID(), token: 'dos.invented' }, 201);
    if (method === 'DELETE') return json(response, undefined, 204);
    const items = [
      { id: 't1', name: 'Tiefbau', role: 'editor', city, issuedAt: '2026-03-01T08:00:00Z' },
      { id: 't2', name: 'Administration', role: 'admin', city: '*', issuedAt: '2026-02-01T08:00:00Z', own: true }
    ];
    return json(response, { items, total: items.length });
  }
  if (first === 'open-types') {
    if (method === 'GET') return json(response, { items: [...openTypes] });
    if (method === 'PUT') openTypes.add(id);
    else openTypes.delete(id);
    return json(response, undefined, 204);
  }
  if (first === 'webhooks')
    return json(
      response,
      { id: 'x', url: 'http://localhost/dortmund/lorawan/chirpstack', secret: 's', header: 'Authorization: Bearer s' },
      201
    );
  if (first === 'ledger') return json(response, { hours: ledger(query.get('from'), query.get('source')) });
  if (first === 'sources') return json(response, { items: sources });
  if (first === 'quarantine') {
    if (action === 'replay') return json(response, { ok: false, reason: 'unknown_device' });
    if (id === 'replay') return json(response, { ok: true, replayed: 2, failed: 1 });
    if (method === 'DELETE') {
      quarantine.splice(
        quarantine.findIndex((entry) => entry.id === id),
        1
      );
      return json(response, undefined, 204);
    }
    const items = quarantine.filter((entry) =>
      ['source', 'reason', 'device'].every((field) => !query.get(field) || entry[field] === query.get(field))
    );
    return json(response, { items, total: items.length });
  }
  if (first === 'devices') {
    const all = devices[city];
    if (id === 'import') {
      const lines = (await body(request)).trim().split(/\r?\n/).slice(1);
      const rows = lines.map((line, index) => {
        const [devEui = '', name = '', profile = ''] = line.split(',');
        const errors = [];
        if (!/^[0-9a-f]{16}$/i.test(devEui)) errors.push('dev_eui: 16 hex digits');
        if (!profiles.some((known) => known.id === profile)) errors.push(`profile: "${profile}" is unknown`);
        return { line: index + 2, ok: !errors.length, errors, device: { devEui, name, profile } };
      });
      const accepted = rows.filter((row) => row.ok).length;
      return json(response, { rows, accepted, rejected: rows.length - accepted });
    }
    const device = all.find((known) => known.id === id);
    if (id && !device) return problem(response, 404, 'no such device');
    if (action === 'mounts') {
      const mount = JSON.parse(await body(request));
      device.mounts.push({
        measuringPoint: mount.measuringPoint ?? `urn:ngsi-ld:New:${mount.measuringPointNew.name}`,
        from: mount.from
      });
      return json(response, device, 201);
    }
    if (method === 'DELETE') {
      all.splice(all.indexOf(device), 1);
      return json(response, undefined, 204);
    }
    if (method === 'PATCH') return json(response, Object.assign(device, JSON.parse(await body(request))));
    if (method === 'POST') {
      const made = { mounts: [], calibration: [], health: {}, ...JSON.parse(await body(request)) };
      if (all.some((known) => known.devEui === made.devEui))
        return problem(response, 409, 'This DevEUI is registered already.');
      made.id = made.devEui;
      all.unshift(made);
      return json(response, made, 201);
    }
    if (id) return json(response, device);
    const words = (query.get('q') ?? '').toLowerCase();
    const found = all.filter(
      (known) =>
        JSON.stringify(known).toLowerCase().includes(words) &&
        (!query.get('state') || known.state === query.get('state')) &&
        (!query.get('profile') || known.profile === query.get('profile'))
    );
    const offset = Number(query.get('offset') ?? 0);
    return json(response, {
      items: found.slice(offset, offset + Number(query.get('limit') ?? 100)),
      total: found.length
    });
  }
  problem(response, 404, 'not found');
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const path = url.pathname;
  if (path === '/platform/v1/cities') return json(response, { cities, demo: true, version: '0.1.0' });
  if (path === '/platform/v1/status')
    return json(response, {
      version: '0.1.0',
      cities: cities.map((city) => ({
        id: city.id,
        position,
        lag_bytes: 48_128,
        disk_free_bytes: 81_234_567_890,
        entities: entities[city.id].length,
        series: 412,
        observations: 184_223
      }))
    });
  if (path === '/healthz') return json(response, { status: 'ok' });
  if (path === '/openapi.json') return json(response, { openapi: '3.1.0' });
  if (path === '/platform/v1/session') {
    if (request.method === 'POST') {
      if (JSON.parse(await body(request)).code !== 'demo') return problem(response, 401, 'unknown code');
      session = { signed_in: true, name: 'Kim Berger', role: 'admin' };
    }
    if (request.method === 'DELETE') session = { signed_in: false };
    return json(response, session);
  }
  if (path.startsWith('/demo-map/')) {
    const wanted = join(maps, path.slice('/demo-map/'.length));
    if (!existsSync(wanted)) return problem(response, 404, 'not found');
    response.writeHead(200, { 'content-type': 'application/geo+json' });
    return createReadStream(wanted).pipe(response);
  }
  const match = /^\/(dortmund|schwerte)\/(ngsi-ld|platform)\/v1\/(.*)$/.exec(path);
  if (!match) return file(response, decodeURIComponent(path), request);
  const [, city, door, rest] = match;
  if (door === 'platform') return platform(city, rest, url.searchParams, request, response);
  if (rest === 'types' && url.searchParams.get('details'))
    return json(
      response,
      [...new Set(entities[city].map((entity) => entity.type))].map((type) => ({ id: typeIri(type), typeName: type }))
    );
  if (rest === 'types') return json(response, { typeList: [...new Set(entities[city].map((entity) => entity.type))] });
  if (rest === 'entities') {
    const wanted = (url.searchParams.get('type') ?? '').split(',');
    const found = entities[city].filter((entity) => wanted.includes(entity.type));
    const offset = Number(url.searchParams.get('offset') ?? 0);
    return json(response, found.slice(offset, offset + 1000));
  }
  const id = decodeURIComponent(rest.slice(rest.lastIndexOf('/') + 1));
  const entity = entities[city].find((known) => known.id === id);
  if (!entity) return problem(response, 404, 'no such entity');
  if (rest.startsWith('entities/')) return json(response, entity);
  json(response, history(entity, url.searchParams));
});

const port = Number(process.argv[2] ?? 8120);
server.listen(port, () => console.log(`fake server on http://localhost:${port}`));
