// What the server says and takes, one type each. Times are ISO 8601 in UTC, places [longitude, latitude] in WGS84.

export type Translated = string | { de: string; en?: string };

export interface Contact {
  name?: string;
  address?: string;
  email?: string;
  phone?: string;
  url?: string;
}

export interface City {
  id: string;
  name: Translated;
  ags?: string;
  center?: [number, number];
  bbox?: [number, number, number, number];
  /** #rrggbb */
  color?: string;
  contact?: Contact;
  logo?: string;
}

export interface Cities {
  cities: City[];
  demo?: boolean;
  version?: string;
}

export type Provenance = 'measured' | 'recorded' | 'simulated' | 'forecast' | 'entered' | 'mixed';

/** One NGSI-LD attribute instance in normalized form. */
export interface Attribute {
  type: string;
  value?: unknown;
  object?: string;
  languageMap?: Record<string, string>;
  unitCode?: string;
  observedAt?: string;
  datasetId?: string;
  [name: string]: unknown;
}

export interface Entity {
  id: string;
  type: string | string[];
  [name: string]: unknown;
}

export interface LiveChange {
  id: string;
  type: string | string[];
  changed?: string[];
  entity?: Entity;
}

/** Seconds, by the id of an object and the short name of an attribute. */
export type CityRhythms = Record<string, Record<string, number>>;

export type TemporalPair = [value: unknown, time: string];
export type AggregatePair<Value = number> = [value: Value, from: string, to: string];

export type Role = 'admin' | 'editor' | 'viewer' | 'device';

export interface Session {
  signed_in: boolean;
  name?: string;
  role?: Role;
  city?: string;
}

export type DeviceState = 'planned' | 'active' | 'maintenance' | 'replaced' | 'retired';

export interface Mount {
  measuringPoint: string;
  from: string;
  to?: string;
}

export interface Calibration {
  date: string;
  note?: string;
  attribute?: string;
  factor?: number;
  offset?: number;
}

export interface DeviceHealth {
  lastSeen?: string;
  /** Per cent. */
  battery?: number;
  /** dBm */
  rssi?: number;
  /** dB */
  snr?: number;
  frames?: { received: number; missed: number; repeated: number };
  history?: { time: string; rssi?: number; snr?: number; battery?: number }[];
}

export interface Uplink {
  time: string;
  port?: number;
  counter?: number;
  payload: string;
}

export interface Device {
  id: string;
  devEui: string;
  name: string;
  profile: string;
  state: DeviceState;
  source?: string;
  joinEui?: string;
  mounts?: Mount[];
  calibration?: Calibration[];
  health?: DeviceHealth;
  uplinks?: Uplink[];
  stale?: boolean;
}

export interface Page<Item> {
  items: Item[];
  total?: number;
}

export interface ProfileAttribute {
  name: string;
  unitCode?: string;
  /** Values about the device itself, not about the place it measures. */
  target?: 'device';
}

export interface DeviceProfile {
  id: string;
  name: Translated;
  kind?: string;
  vendor?: string;
  model?: string;
  interval_s?: number;
  /** What a new measuring point becomes. */
  entity?: { type?: string };
  attributes?: ProfileAttribute[];
}

export interface MeasuringPoint {
  id: string;
  name?: string;
  type?: string;
  location?: { type: string; coordinates: [number, number] } | [number, number];
  device?: string;
  expectedInterval?: number;
  lastSeen?: string;
}

export interface NewMount {
  from: string;
  measuringPoint?: string;
  measuringPointNew?: { name: string; type?: string; location: { type: 'Point'; coordinates: [number, number] } };
}

export interface ImportRow {
  line: number;
  ok: boolean;
  errors?: string[];
  device?: Partial<Device>;
}

export interface ImportResult {
  rows: ImportRow[];
  accepted: number;
  rejected: number;
  /** That the file was read in. */
  encoding?: string;
}

export interface QuarantineEntry {
  id: string;
  time: string;
  source: string;
  device?: string;
  reason: string;
  detail?: string;
  payload?: unknown;
}

export interface ReplayResult {
  ok: boolean;
  reason?: string;
  /** What is to be repaired. */
  detail?: string;
  replayed?: number;
  failed?: number;
}

export interface LedgerHour {
  hour: string;
  source: string;
  received: number;
  accepted: number;
  stored: number;
  repeated: number;
  rejected: Record<string, number>;
  /** Deliveries that came to nothing. */
  failed?: Record<string, number>;
  delivered: number;
}

export interface Source {
  id: string;
  kind: string;
  name?: string;
  state: string;
  last_received?: string;
  url?: string;
  error?: string;
}

/** Answered once, when a webhook is made: its secret is shown here and never again. */
export interface NewWebhook {
  id: string;
  url: string;
  secret: string;
  header: string;
}

/** Answered once, when a token is made: it is shown here and never again. */
export interface NewToken {
  id: string;
  token: string;
}

/** Who holds a token that opens this city. */
export interface Token {
  id: string;
  name: string;
  role: Role;
  /** `*`: all cities. */
  city: string;
  issuedAt: string;
  expiresAt?: string;
  /** The one this request came with. */
  own?: boolean;
}

export interface TypeDetail {
  /** The full IRI. */
  id: string;
  typeName?: string;
}

export interface CityStatus {
  id: string;
  position?: number;
  lag_bytes?: number;
  disk_free_bytes?: number;
  entities?: number;
  series?: number;
  observations?: number;
  writable?: boolean;
  trouble?: string;
}

export interface Status {
  version: string;
  cities: CityStatus[];
}
