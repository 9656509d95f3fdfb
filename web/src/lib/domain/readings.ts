// Reads values out of normalized NGSI-LD entities: what stands on a tile, in a table and on the map.
import { shortName } from './names';
import type { Attribute, Entity, Provenance } from '#lib/api/types';

export interface Reading {
  attribute: string;
  value: unknown;
  unitCode?: string;
  /** Milliseconds UTC. */
  time?: number;
  provenance?: Provenance;
  /** Seconds between two values; absent when nobody said how often values should come. */
  interval?: number;
  /** Seconds that this series itself usually takes from one value to the next, as far as the server knows. */
  rhythm?: number;
  datasetId?: string;
}

const provenances: Provenance[] = ['measured', 'recorded', 'simulated', 'forecast', 'entered'];

/** Members of an attribute that describe it and are no value of their own. */
const structural = new Set(['id', 'type', '@context', 'createdAt', 'modifiedAt', 'deletedAt', 'scope']);

export function plain(member: unknown): unknown {
  if (Array.isArray(member)) return plain(member[0]);
  if (member && typeof member === 'object') {
    const attribute = member as Attribute;
    if ('value' in attribute) return attribute.value;
    if ('object' in attribute) return attribute.object;
    if ('languageMap' in attribute) return attribute.languageMap;
  }
  return member;
}

export function provenanceOf(attribute: Record<string, unknown> | undefined): Provenance | undefined {
  const word = plain(attribute?.provenance);
  return provenances.find((known) => known === word);
}

function secondsOf(member: unknown): number | undefined {
  const value = plain(member);
  return typeof value === 'number' && value > 0 ? value : undefined;
}

export function timeOf(text: unknown): number | undefined {
  const time = typeof text === 'string' ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? undefined : time;
}

function isAttribute(member: unknown): member is Attribute {
  return !!member && typeof member === 'object' && 'type' in member;
}

/** How often each attribute of an object usually reports, by its short name. */
export type Rhythms = Record<string, number>;

/** Every attribute that was observed at a time; the rest are facts about the object. */
export function readingsOf(entity: Entity, rhythms: Rhythms = {}): Reading[] {
  const interval = secondsOf(entity.expectedInterval);
  return Object.entries(entity).flatMap(([name, member]) => {
    if (structural.has(name)) return [];
    const instances = (Array.isArray(member) ? member : [member]).filter(isAttribute);
    return instances
      .filter((instance) => instance.observedAt && instance.type !== 'GeoProperty')
      .map((instance) => ({
        attribute: name,
        value: plain(instance),
        unitCode: instance.unitCode,
        time: timeOf(instance.observedAt),
        provenance: provenanceOf(instance),
        interval: secondsOf(instance.expectedInterval) ?? interval,
        rhythm: rhythms[shortName(name)],
        datasetId: instance.datasetId
      }));
  });
}

/** Facts that carry no time of observation, as texts or numbers. */
export interface Fact {
  attribute: string;
  value: string | number;
  unitCode?: string;
}

export function factsOf(entity: Entity): Fact[] {
  return Object.entries(entity).flatMap(([attribute, member]): Fact[] => {
    if (structural.has(attribute) || attribute === 'name' || attribute === 'expectedInterval') return [];
    if (!isAttribute(member) || member.observedAt || /^(Geo|Relation|ListRelation)/.test(member.type)) return [];
    const value = attribute === 'address' ? addressText(plain(member)) : plain(member);
    if (Array.isArray(value) && value.every((part) => typeof part !== 'object'))
      return [{ attribute, value: value.join(', ') }];
    if (typeof value !== 'string' && typeof value !== 'number') return [];
    return value === '' ? [] : [{ attribute, value, unitCode: member.unitCode }];
  });
}

function addressText(address: unknown): unknown {
  if (!address || typeof address !== 'object') return address;
  const part = address as Record<string, string | undefined>;
  const street = [part.streetAddress, part.streetNr].filter(Boolean).join(' ');
  const place = [part.postalCode, part.addressLocality].filter(Boolean).join(' ');
  return [street, place].filter(Boolean).join(', ');
}

export function typeOf(entity: { type: string | string[] }): string {
  const name = Array.isArray(entity.type) ? (entity.type[0] ?? '') : entity.type;
  return shortName(name);
}

export function nameOf(entity: Entity, language: string): string {
  const name = plain(entity.name);
  if (typeof name === 'string' && name) return name;
  if (name && typeof name === 'object') {
    const map = name as Record<string, string>;
    const text = map[language] ?? map.de ?? Object.values(map)[0];
    if (text) return text;
  }
  const place = addressText(plain(entity.address));
  if (typeof place === 'string' && place) return place;
  return entity.id.slice(entity.id.lastIndexOf(':') + 1);
}

/** The town an object lies in and who publishes its values, as it says itself: a city also shows what its neighbours measure. */
export function homeOf(entity: Entity): { town?: string; provider?: string } {
  const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined);
  const address = plain(entity.address) as { addressLocality?: unknown } | undefined;
  return { town: text(address?.addressLocality), provider: text(plain(entity.dataProvider)) };
}

/** A point for the map: the point itself, or the middle of the outline's box. */
export function pointOf(entity: Entity): [number, number] | undefined {
  const geometry = plain(entity.location) as { type?: string; coordinates?: unknown } | undefined;
  if (!geometry?.coordinates) return undefined;
  const numbers = (geometry.coordinates as unknown[]).flat(4) as number[];
  const longitudes = numbers.filter((_, index) => index % 2 === 0);
  const latitudes = numbers.filter((_, index) => index % 2 === 1);
  const middle = (values: number[]) => (Math.min(...values) + Math.max(...values)) / 2;
  const point: [number, number] = [middle(longitudes), middle(latitudes)];
  return point.every(Number.isFinite) ? point : undefined;
}

/** What changes by the minute: after so many seconds it says nothing about now, however seldom it is told. */
const fleeting: Record<string, number> = {
  availableSpotNumber: 3600,
  occupiedSpotNumber: 3600,
  availableCapacity: 3600
};

export type Aged = Partial<Pick<Reading, 'attribute' | 'time' | 'interval' | 'rhythm'>>;

/** Seconds after which a quantity of this kind says nothing about now, where that decides and not how often it is told. */
export function fleetingAfter(reading: Aged): number | undefined {
  const limit = fleeting[shortName(reading.attribute ?? '')];
  return limit !== undefined && limit < 2 * (usualInterval(reading) ?? Infinity) ? limit : undefined;
}

/** How often a value comes: as somebody stated, or as the series itself keeps to where that is shorter. */
export function usualInterval({ interval, rhythm }: Aged): number | undefined {
  const usual = Math.min(interval ?? Infinity, rhythm ?? Infinity);
  return usual === Infinity ? undefined : usual;
}

/** Older than twice its usual interval, or than what such a value is good for. Otherwise nothing is called stale. */
export function isStale(reading: Aged, now: number): boolean {
  const usual = usualInterval(reading);
  const good = fleetingAfter(reading) ?? (usual && 2 * usual);
  return reading.time !== undefined && good !== undefined && now - reading.time > 1000 * good;
}

export type Trend = 'rising' | 'falling' | 'steady';

/** Smaller changes than one per cent of the value are noise to a reader. */
export function trendOf(before: number, after: number): Trend {
  const change = after - before;
  if (Math.abs(change) <= Math.abs(before) * 0.01) return 'steady';
  return change > 0 ? 'rising' : 'falling';
}
