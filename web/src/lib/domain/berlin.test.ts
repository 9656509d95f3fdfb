import { describe, expect, test } from 'vitest';
import { dayText, parseDay, rangeOf, stepped } from './berlin';

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

  test('a week begins on Monday, also across the turn of the year', () => {
    const { from, to } = rangeOf('week', { year: 2027, month: 1, day: 2 });
    expect(new Date(from).toISOString()).toBe('2026-12-27T23:00:00.000Z');
    expect(hours({ from, to })).toBe(7 * 24);
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
