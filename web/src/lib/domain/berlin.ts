// Calendar steps in the cities' own time zone: a day may have 23 or 25 hours.

export const timeZone = 'Europe/Berlin';

export type Span = 'day' | 'week' | 'month' | 'year';

/** A calendar date, month 1 to 12. */
export interface Day {
  year: number;
  month: number;
  day: number;
}

const clock = new Intl.DateTimeFormat('en-GB', {
  timeZone,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23'
});

function localParts(time: number): Record<string, number> {
  return Object.fromEntries(clock.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
}

/** How far the local clock is ahead of UTC at a time, in milliseconds. */
function offsetAt(time: number): number {
  const { year, month, day, hour, minute, second } = localParts(time) as Record<string, number>;
  return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) - Math.floor(time / 1000) * 1000;
}

export function dayAt(time: number): Day {
  const { year, month, day } = localParts(time);
  return { year: year!, month: month!, day: day! };
}

/** The moment a local day begins. Midnight always exists: German clocks change at two or three o'clock. */
export function startOfDay({ year, month, day }: Day): number {
  const guess = Date.UTC(year, month - 1, day);
  return guess - offsetAt(guess - offsetAt(guess));
}

export function shifted({ year, month, day }: Day, by: Partial<Day>): Day {
  const date = new Date(Date.UTC(year + (by.year ?? 0), month - 1 + (by.month ?? 0), day + (by.day ?? 0)));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** The first day of the span that a day lies in. A week is the seven days that end with it: on a Monday, too, people see a week. */
export function firstDay(span: Span, { year, month, day }: Day): Day {
  if (span === 'year') return { year, month: 1, day: 1 };
  if (span === 'month') return { year, month, day: 1 };
  return span === 'week' ? shifted({ year, month, day }, { day: -6 }) : { year, month, day };
}

/** A day in the span that lies so many steps further. */
export function stepped(span: Span, from: Day, steps: number): Day {
  if (span === 'week') return shifted(from, { day: 7 * steps });
  return shifted(firstDay(span, from), { [span]: steps });
}

/** The half-open range a span covers, milliseconds UTC. */
export function rangeOf(span: Span, at: Day): { from: number; to: number } {
  return { from: startOfDay(firstDay(span, at)), to: startOfDay(firstDay(span, stepped(span, at, 1))) };
}

export function parseDay(text: string | null): Day | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text ?? '');
  if (!match) return undefined;
  const day = shifted({ year: Number(match[1]), month: Number(match[2]), day: Number(match[3]) }, {});
  return dayText(day) === text ? day : undefined;
}

export function dayText({ year, month, day }: Day): string {
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

/** A range of whole local days, cut so that a server which counts 24 hours finds each day: only the days on which the clock
 * is changed stand alone. */
export function evenDays(from: number, to: number): { from: number; to: number; isOne: boolean }[] {
  const dayLength = 24 * 3_600_000;
  const runs: { from: number; to: number; isOne: boolean }[] = [];
  for (let day = dayAt(from), start = from; start < to;) {
    day = shifted(day, { day: 1 });
    const end = startOfDay(day);
    const isOne = end - start !== dayLength;
    const last = runs.at(-1);
    if (isOne || !last || last.isOne) runs.push({ from: start, to: end, isOne });
    else last.to = end;
    start = end;
  }
  return runs;
}
