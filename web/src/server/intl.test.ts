import { describe, expect, test } from 'vitest';
import * as ours from './intl';

const locales = ['de-DE', 'en-GB'] as const;
const hour = 3_600_000;

describe('what the server writes is what the browser writes', () => {
  test('numbers', () => {
    const values = [0, -0, 1, -1, 0.5, 1.005, 2.675, 999.5, 1234.5, 1e6, 1234567.891, -0.04, 1e-7, 21.46, 0.97, 1e15];
    for (const locale of locales)
      for (const options of [
        {},
        { maximumFractionDigits: 0 },
        { maximumFractionDigits: 1 },
        { maximumFractionDigits: 2 },
        { minimumFractionDigits: 1, maximumFractionDigits: 1 }
      ])
        for (const value of values)
          expect(new ours.NumberFormat(locale, options).format(value), `${value} ${JSON.stringify(options)}`).toBe(
            new Intl.NumberFormat(locale, options).format(value)
          );
  });

  test('lengths of time and of data', () => {
    for (const locale of locales) {
      for (const unit of ['second', 'minute', 'hour', 'day'])
        for (const value of [1, 2, 15, 1.5]) {
          const options = { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 1 } as const;
          expect(new ours.NumberFormat(locale, options).format(value)).toBe(
            new Intl.NumberFormat(locale, options).format(value)
          );
        }
    }
  });

  test('days and clocks, through a whole year with both changes of the clock', () => {
    const forms = [
      { hour: '2-digit', minute: '2-digit' },
      { hour: '2-digit', minute: '2-digit', second: '2-digit' },
      { dateStyle: 'medium', timeStyle: 'short' },
      { dateStyle: 'medium' },
      { dateStyle: 'short' }
    ] as const;
    for (const locale of locales)
      for (const form of forms) {
        const options = { timeZone: 'Europe/Berlin', ...form } as Intl.DateTimeFormatOptions;
        const [real, own] = [new Intl.DateTimeFormat(locale, options), new ours.DateTimeFormat(locale, { ...options })];
        for (let time = Date.UTC(2026, 0, 1); time < Date.UTC(2027, 0, 2); time += 7.25 * hour)
          expect(own.format(time)).toBe(real.format(time));
      }
  });

  test('ages', () => {
    for (const locale of locales) {
      const [real, own] = [
        new Intl.RelativeTimeFormat(locale, { style: 'short' }),
        new ours.RelativeTimeFormat(locale)
      ];
      for (const unit of ['second', 'minute', 'hour', 'day'] as const)
        for (const amount of [-1, -2, -13, -47, 3, 1, -0])
          expect(own.format(amount, unit)).toBe(real.format(amount, unit));
    }
  });

  test('lists', () => {
    for (const locale of locales)
      for (const words of [[], ['a'], ['a', 'b'], ['a', 'b', 'c']])
        expect(new ours.ListFormat(locale).format(words)).toBe(new Intl.ListFormat(locale).format(words));
  });
});
