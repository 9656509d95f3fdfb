import { describe, expect, test } from 'vitest';
import { dayText, evenDays, parseDay, rangeOf, stepped } from './berlin';

const hours = ({ from, to }: { from: number; to: number }) => (to - from) / 3_600_000;

describe('days of the cities', () => {
  test('a day in summer begins at 22 o’clock UTC of the day before', () => {
    expect(new Date(rangeOf('day', { year: 2025, month: 7, day: 14 }).from).toISOString()).toBe(
      '2025-07-13T22:00:00.000Z'
    );
  });

  test('the day the clock goes forward has 23 hours, the day it goes back has 25', () => {
    expect(hours(rangeOf('day', { year: 2026, month: 3, day: 29 }))).toBe(23);
    expect(hours(rangeOf('day', { year: 2026, month: 10, day: 25 }))).toBe(25);
  });

  test('a week is the seven days that end with the day, also across the turn of the year', () => {
    const { from, to } = rangeOf('week', { year: 2027, month: 1, day: 2 });
    expect(new Date(from).toISOString()).toBe('2026-12-26T23:00:00.000Z');
    expect(new Date(to).toISOString()).toBe('2027-01-02T23:00:00.000Z');
    expect(rangeOf('week', stepped('week', { year: 2027, month: 1, day: 2 }, -1)).to).toBe(from);
  });

  test('the days of a year, counted in 24 hours, all begin at midnight', () => {
    const { from, to } = rangeOf('year', { year: 2026, month: 5, day: 5 });
    const runs = evenDays(from, to);
    expect(runs.map(({ isOne }) => isOne)).toEqual([false, true, false, true, false]);
    expect(runs.reduce((days, run) => days + (run.isOne ? 1 : hours(run) / 24), 0)).toBe(365);
    expect(runs[0]!.from).toBe(from);
    expect(runs.at(-1)!.to).toBe(to);
    expect(new Date(runs[2]!.from).toISOString()).toBe('2026-03-29T22:00:00.000Z');
  });

  test('stepping back from 31 March reaches February and not March again', () => {
    expect(stepped('month', { year: 2026, month: 3, day: 31 }, -1)).toEqual({ year: 2026, month: 2, day: 1 });
  });

  test('a date in an address is taken only if that day exists', () => {
    expect(parseDay('2026-02-30')).toBeUndefined();
    expect(parseDay('gestern')).toBeUndefined();
    expect(dayText(parseDay('2026-02-28')!)).toBe('2026-02-28');
  });
});
