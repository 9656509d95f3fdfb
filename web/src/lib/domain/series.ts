// A series over one span: fetched raw or as means, split where values are missing, written as CSV.
import { client } from '#lib/api/client';
import type { AggregatePair, Provenance, TemporalPair } from '#lib/api/types';
import { evenDays, type Span } from './berlin';
import { plain, provenanceOf, timeOf, trendOf, type Reading, type Trend } from './readings';

export interface Point {
  /** Milliseconds UTC. */
  time: number;
  value: number;
  min?: number;
  max?: number;
  provenance?: Provenance;
}

export interface Series {
  points: Point[];
  /** The longest distance in milliseconds that is still drawn as a line. */
  reach: number;
  /** Means per hour or day instead of single values. */
  means?: 'hour' | 'day';
  /** Values that are words stand here instead of among the points. */
  words: Word[];
  /** The very first value of all is here: before it nothing was measured. */
  begins?: boolean;
}

export interface Word {
  time: number;
  text: string;
  provenance?: Provenance;
}

const hour = 3_600_000;

const bucket: Record<Span, 'hour' | 'day' | undefined> = { day: undefined, week: 'hour', month: 'hour', year: 'day' };
const bucketLength = { hour, day: 24 * hour };
const bucketPeriod = { hour: 'PT1H', day: 'P1D' };

/** Where a value is heading. A compass bearing neither rises nor falls, and nothing is said without a value before. */
export function directionOf(before: number | undefined, reading: Reading | undefined): Trend | undefined {
  if (before === undefined || typeof reading?.value !== 'number' || reading.attribute === 'windDirection') return;
  return trendOf(before, reading.value);
}

export interface SeriesWish {
  city: string;
  entity: string;
  attribute: string;
  span: Span;
  from: number;
  to: number;
  /** Seconds. */
  interval?: number;
  /** Where it comes from, for values that carry no word of their own. */
  provenance?: Provenance;
  /** Words and switches have no mean: single values for every span. */
  single?: boolean;
  /** Whether the series begins within the range is to be found out. */
  askBegin?: boolean;
}

export async function fetchSeries(wish: SeriesWish): Promise<Series> {
  const series = await fetchValues(wish);
  const first = Math.min(series.points[0]?.time ?? Infinity, series.words[0]?.time ?? Infinity);
  const isLate = wish.askBegin && first - wish.from > series.reach;
  return isLate ? { ...series, begins: !(await hasValueBefore(wish)) } : series;
}

async function hasValueBefore({ city, entity, attribute, from }: SeriesWish): Promise<boolean> {
  const query = { attrs: attribute, timerel: 'before', timeAt: new Date(from).toISOString(), lastN: 1 };
  const { history } = await client.temporal(city, entity, query);
  return history[attribute] !== undefined;
}

async function fetchValues(wish: SeriesWish): Promise<Series> {
  const means = wish.single ? undefined : bucket[wish.span];
  const range = between(wish.attribute, wish.from, wish.to);
  if (!means) return fetchSingle(wish, range);
  const parts = means === 'day' ? evenDays(wish.from, wish.to) : [{ from: wish.from, to: wish.to, isOne: false }];
  const answers = await Promise.all(
    parts.map(({ from, to, isOne }) =>
      client.temporal(wish.city, wish.entity, {
        ...between(wish.attribute, from, to),
        options: 'aggregatedValues',
        aggrMethods: 'avg,min,max,provenance',
        aggrPeriodDuration: isOne ? undefined : bucketPeriod[means]
      })
    )
  );
  const points = answers.flatMap(({ history }) => meanPoints(history[wish.attribute]));
  // One missing mean is a gap, unless values come more seldom than the means.
  const usual = reachOf(points, wish.interval);
  const reach = usual > 2 * bucketLength[means] ? usual : 1.5 * bucketLength[means];
  return { points, reach, means, words: [] };
}

const between = (attrs: string, from: number, to: number) => ({
  attrs,
  timerel: 'between',
  timeAt: new Date(from).toISOString(),
  endTimeAt: new Date(to).toISOString()
});

// A server answers with so many values at most and says that there are more; a day of seconds needs ten such pages.
const pagesMax = 20;

async function fetchSingle(wish: SeriesWish, range: Record<string, string>): Promise<Series> {
  const points: Point[] = [];
  const words: Word[] = [];
  let { timeAt } = range;
  for (let page = 0; page < pagesMax; ++page) {
    const { partial, history } = await client.temporal(wish.city, wish.entity, { ...range, timeAt });
    const member = history[wish.attribute];
    const found = [rawPoints(member, wish.provenance), wordsOf(member, wish.provenance)] as const;
    points.push(...found[0]);
    words.push(...found[1]);
    const last = Math.max(found[0].at(-1)?.time ?? 0, found[1].at(-1)?.time ?? 0);
    if (!partial || !last) break;
    timeAt = new Date(last + 1).toISOString();
  }
  return { points, reach: reachOf(points, wish.interval), words };
}

/** Single values with their own words (normalized) or as bare pairs (temporalValues), in the order of time. */
function instancesOf(member: unknown, provenance?: Provenance) {
  const pairs = Array.isArray(member) ? undefined : (member as { values?: TemporalPair[] } | undefined)?.values;
  const instances = (Array.isArray(member) ? member : member ? [member] : []) as Record<string, unknown>[];
  const found = pairs
    ? pairs.map(([value, time]) => ({ value, time: timeOf(time), provenance }))
    : instances.map((instance) => ({
        value: plain(instance),
        time: timeOf(instance.observedAt),
        provenance: provenanceOf(instance) ?? provenance
      }));
  return found
    .filter((instance): instance is typeof instance & { time: number } => instance.time !== undefined)
    .sort((a, b) => a.time - b.time);
}

export function rawPoints(member: unknown, provenance?: Provenance): Point[] {
  return instancesOf(member, provenance).flatMap((instance) => {
    const value = numberOf(instance.value);
    return value === undefined ? [] : [{ ...instance, value }];
  });
}

export function wordsOf(member: unknown, provenance?: Provenance): Word[] {
  return instancesOf(member, provenance).flatMap(({ value, time, provenance }) =>
    typeof value === 'string' ? [{ time, text: value, provenance }] : []
  );
}

export function meanPoints(member: unknown): Point[] {
  const columns = (Array.isArray(member) ? member[0] : member) as
    (Record<string, AggregatePair[]> & { provenance?: AggregatePair<Provenance>[] }) | undefined;
  const byStart = <Value>(pairs: AggregatePair<Value>[] | undefined) =>
    new Map((pairs ?? []).map(([value, from]) => [from, value]));
  const lowest = byStart(columns?.min);
  const highest = byStart(columns?.max);
  const origin = byStart(columns?.provenance);
  return (columns?.avg ?? [])
    .map(([value, from]) => ({
      time: timeOf(from)!,
      value: numberOf(value)!,
      min: lowest.get(from),
      max: highest.get(from),
      provenance: origin.get(from)
    }))
    .filter((point) => point.value !== undefined && point.time !== undefined)
    .sort((a, b) => a.time - b.time);
}

/** Doors and lamps are drawn too: no is 0, yes is 1. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/**
 * How far apart values may be: twice the interval somebody stated, or twice their own usual distance where that is shorter.
 * A file that says “once a day” of a garage that reports every five minutes does not hide that it fell silent.
 */
export function reachOf(points: Point[], interval?: number): number {
  const distances = points.slice(1).map((point, index) => point.time - points[index]!.time);
  distances.sort((a, b) => a - b);
  const usual = distances[Math.floor(distances.length * 0.9)];
  const own = usual !== undefined && distances.length >= distancesMin ? Math.max(2 * usual, hour / 2) : undefined;
  if (interval) return Math.min(2000 * interval, own ?? Infinity);
  return own ?? Math.max(2 * (usual ?? hour), hour / 2);
}

/** With fewer values nobody can say how often they usually come. */
const distancesMin = 8;

/** Runs of points that belong together: no gap inside, one provenance each. */
export function runsOf(points: Point[], reach: number): Point[][] {
  const runs: Point[][] = [];
  let last: Point | undefined;
  for (const point of points) {
    const apart = !last || point.time - last.time > reach;
    if (apart) runs.push([point]);
    else if (last!.provenance !== point.provenance) runs.push([last!, point]);
    else runs.at(-1)!.push(point);
    last = point;
  }
  return runs;
}

/** Where values are missing between two times. Before the first value of all nothing is missing: there was no sensor. */
export function gapsOf({ points, reach, begins }: Series, from: number, to: number): { from: number; to: number }[] {
  if (points.length === 0) return [];
  const start = begins ? points[0]!.time : from;
  const times = [start, ...points.map((point) => point.time), to];
  return times.slice(1).flatMap((time, index) => {
    const before = times[index]!;
    return time - before > reach ? [{ from: before, to: time }] : [];
  });
}

export interface CsvColumns {
  time: string;
  value: string;
  min: string;
  max: string;
  unit: string;
  provenance: string;
}

/** Comma-separated with a decimal point and times in UTC, as programs expect it; quotes where needed. */
export function toCsv(
  series: Series,
  columns: CsvColumns,
  unit: string,
  word: (provenance?: Provenance) => string
): string {
  const means = series.means !== undefined;
  const head = [
    columns.time,
    columns.value,
    ...(means ? [columns.min, columns.max] : []),
    columns.unit,
    columns.provenance
  ];
  const words = series.words.map((entry) => [
    new Date(entry.time).toISOString(),
    entry.text,
    unit,
    word(entry.provenance)
  ]);
  const rows = series.points.map((point) => [
    new Date(point.time).toISOString(),
    point.value,
    ...(means ? [point.min ?? '', point.max ?? ''] : []),
    unit,
    word(point.provenance)
  ]);
  return [head, ...rows, ...words].map((row) => row.map(quoted).join(',')).join('\r\n') + '\r\n';
}

function quoted(cell: string | number): string {
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
