// The one place that speaks to the server. Every call either gives a value or throws an ApiError.
import type * as api from './types';

export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 when no answer came at all. */
    readonly status: number,
    /** For those who repair it, in English. */
    message: string,
    /** What kind of problem, and which member of what was sent it is about: for words in the reader's language. */
    readonly code = '',
    readonly member = ''
  ) {
    super(message);
  }

  get offline(): boolean {
    return this.status === 0;
  }
}

type Query = Record<string, string | number | boolean | undefined>;

function address(path: string, query: Query = {}): string {
  const filled = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(filled.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

async function explain(response: Response): Promise<ApiError> {
  try {
    // RFC 9457; the last part of its type is the code.
    const { type = '', title, detail, member } = (await response.json()) as Record<string, string | undefined>;
    const code = type.slice(type.lastIndexOf('/') + 1);
    return new ApiError(response.status, detail || title || response.statusText, code, member);
  } catch {
    return new ApiError(response.status, response.statusText);
  }
}

async function send(method: string, path: string, body?: BodyInit, type?: string): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-DOS-Request'] = '1';
  if (type) headers['Content-Type'] = type;
  let response: Response;
  try {
    response = await fetch(path, { method, headers, body, credentials: 'same-origin' });
  } catch {
    throw new ApiError(0, 'no answer');
  }
  if (!response.ok) throw await explain(response);
  return response;
}

async function read<Answer>(response: Response): Promise<Answer> {
  const text = await response.text();
  if (!text) return undefined as Answer;
  try {
    return JSON.parse(text) as Answer;
  } catch {
    throw new ApiError(502, 'the answer is not JSON');
  }
}

/** What came back, as it came: for the page that lets people try the interface. This host only. */
export interface Trial {
  status: number;
  type: string;
  ms: number;
  bytes: number;
  text: string;
}

export async function tryOut(path: string, accept = 'application/json'): Promise<Trial> {
  if (!path.startsWith('/') || path.startsWith('//')) throw new ApiError(0, 'an address of this host begins with /');
  const start = performance.now();
  let response: Response;
  try {
    response = await fetch(path, { headers: { Accept: accept }, credentials: 'same-origin' });
  } catch {
    throw new ApiError(0, 'no answer');
  }
  const body = await response.text();
  const type = response.headers.get('Content-Type') ?? '';
  return {
    status: response.status,
    type,
    ms: Math.round(performance.now() - start),
    bytes: new TextEncoder().encode(body).length,
    text: indented(body, type)
  };
}

/** What comes as it comes, until `signal` ends it. */
export async function listenTo(path: string, signal: AbortSignal, take: (text: string) => void): Promise<void> {
  try {
    const response = await fetch(path, {
      signal,
      headers: { Accept: 'text/event-stream' },
      credentials: 'same-origin'
    });
    if (!response.ok || !response.body) throw await explain(response);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      take(value);
    }
  } catch (error) {
    if (signal.aborted) return;
    throw error instanceof ApiError ? error : new ApiError(0, 'no answer');
  }
}

function indented(text: string, type: string): string {
  if (!type.includes('json')) return text;
  try {
    return withShortLists(JSON.stringify(JSON.parse(text), null, 2));
  } catch {
    return text;
  }
}

/** A place, a value with its time: what fits on a line stands on a line. */
const withShortLists = (json: string) =>
  json.replace(/\[\n[^[\]{}]{0,100}\n *\]/g, (list) =>
    list.replace(/\n */g, ' ').replace('[ ', '[').replace(/ \]$/, ']')
  );

async function get<Answer>(path: string, query?: Query): Promise<Answer> {
  return read<Answer>(await send('GET', address(path, query)));
}

async function write<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const json = body === undefined ? undefined : JSON.stringify(body);
  return read<Answer>(await send(method, path, json, json && 'application/json'));
}

const entityPage = 1000;

/** All entities of some types, page by page. */
async function entities(city: string, types: string[], query: Query = {}): Promise<api.Entity[]> {
  const all: api.Entity[] = [];
  for (;;) {
    const page = await get<api.Entity[]>(`/${city}/ngsi-ld/v1/entities`, {
      type: types.join(','),
      options: 'sysAttrs',
      limit: entityPage,
      offset: all.length,
      ...query
    });
    all.push(...page);
    if (page.length < entityPage) return all;
  }
}

async function types(city: string): Promise<string[]> {
  const answer = await get<{ typeList?: string[] }>(`/${city}/ngsi-ld/v1/types`);
  return answer.typeList ?? [];
}

const typeDetails = (city: string) => get<api.TypeDetail[]>(`/${city}/ngsi-ld/v1/types`, { details: true });

const platform = (city: string) => `/${city}/platform/v1`;
const id = encodeURIComponent;

type DeviceFilter = { q?: string; state?: string; profile?: string };
const devices = (city: string, query: DeviceFilter & { limit?: number; offset?: number }) =>
  get<api.Page<api.Device>>(`${platform(city)}/devices`, query);

/** All devices that match, page by page. */
async function allDevices(city: string, filter: DeviceFilter = {}): Promise<api.Device[]> {
  const all: api.Device[] = [];
  for (;;) {
    const page = await devices(city, { ...filter, limit: 1000, offset: all.length });
    all.push(...page.items);
    if (page.items.length === 0 || all.length >= (page.total ?? 0)) return all;
  }
}

export const client = {
  cities: () => get<api.Cities>('/platform/v1/cities'),
  status: () => get<api.Status>('/platform/v1/status'),

  types,
  typeDetails,
  entities,
  entity: (city: string, entity: string) =>
    get<api.Entity>(`/${city}/ngsi-ld/v1/entities/${id(entity)}`, { options: 'sysAttrs' }),
  /** One page of a history; `partial` when the server stopped before the end of the range. */
  temporal: async (city: string, entity: string, query: Query) => {
    const path = address(`/${city}/ngsi-ld/v1/temporal/entities/${id(entity)}`, query);
    const response = await send('GET', path);
    return { partial: response.status === 206, history: await read<Record<string, unknown>>(response) };
  },
  /** How often each value usually comes, in seconds, by object and attribute. */
  rhythms: async (city: string, entity?: string) =>
    (await get<{ items: api.CityRhythms }>(`${platform(city)}/rhythms`, { id: entity })).items,
  liveAddress: (city: string, wanted: string[], after?: number) =>
    address(`${platform(city)}/live`, { types: wanted.join(','), after }),

  session: {
    get: () => get<api.Session>('/platform/v1/session'),
    start: (code: string) => write<api.Session>('POST', '/platform/v1/session', { code }),
    end: () => write<void>('DELETE', '/platform/v1/session')
  },

  devices: {
    list: devices,
    all: allDevices,
    get: (city: string, device: string) => get<api.Device>(`${platform(city)}/devices/${id(device)}`),
    create: (city: string, device: Partial<api.Device>) =>
      write<api.Device>('POST', `${platform(city)}/devices`, device),
    change: (city: string, device: string, fields: Partial<api.Device>) =>
      write<api.Device>('PATCH', `${platform(city)}/devices/${id(device)}`, fields),
    remove: (city: string, device: string) => write<void>('DELETE', `${platform(city)}/devices/${id(device)}`),
    mount: (city: string, device: string, mount: api.NewMount) =>
      write<api.Device>('POST', `${platform(city)}/devices/${id(device)}/mounts`, mount),
    /** The file as it is: the server finds out its encoding. */
    importCsv: async (city: string, csv: Blob, preview: boolean) =>
      read<api.ImportResult>(
        await send('POST', address(`${platform(city)}/devices/import`, { preview }), csv, 'text/csv')
      )
  },
  profiles: (city: string) => get<api.Page<api.DeviceProfile>>(`${platform(city)}/device-profiles`),
  measuringPoints: (city: string) => get<api.Page<api.MeasuringPoint>>(`${platform(city)}/measuring-points`),

  quarantine: {
    list: (
      city: string,
      query: { source?: string; reason?: string; device?: string; limit?: number; offset?: number }
    ) => get<api.Page<api.QuarantineEntry>>(`${platform(city)}/quarantine`, query),
    replay: (city: string, entry: string) =>
      write<api.ReplayResult>('POST', `${platform(city)}/quarantine/${id(entry)}/replay`),
    replayAll: (city: string, filter: { source?: string; reason?: string; device?: string }) =>
      write<api.ReplayResult>('POST', `${platform(city)}/quarantine/replay`, { filter }),
    discard: (city: string, entry: string) => write<void>('DELETE', `${platform(city)}/quarantine/${id(entry)}`)
  },
  ledger: (city: string, query: { from?: string; to?: string; source?: string }) =>
    get<{ hours: api.LedgerHour[] }>(`${platform(city)}/ledger`, query),
  createWebhook: (city: string, webhook: { name: string; network: string }) =>
    write<api.NewWebhook>('POST', `${platform(city)}/webhooks`, webhook),
  tokens: {
    list: (city: string) => get<api.Page<api.Token>>(`${platform(city)}/tokens`),
    create: (city: string, token: { name: string; role: api.Role; days: number }) =>
      write<api.NewToken>('POST', `${platform(city)}/tokens`, token),
    revoke: (city: string, token: string) => write<void>('DELETE', `${platform(city)}/tokens/${id(token)}`)
  },
  openTypes: {
    list: (city: string) => get<{ items: string[] }>(`${platform(city)}/open-types`),
    open: (city: string, iri: string) => write<void>('PUT', `${platform(city)}/open-types/${id(iri)}`),
    close: (city: string, iri: string) => write<void>('DELETE', `${platform(city)}/open-types/${id(iri)}`)
  },
  sources: (city: string) => get<api.Page<api.Source>>(`${platform(city)}/sources`)
};
