import { describe, expect, test } from 'vitest';
import { de } from './de';
import { en } from './en';
import { I18n } from './index';
import { languageOf, localised } from './language';

const german = new I18n(() => ({ language: 'de', messages: de }));
const english = new I18n(() => ({ language: 'en', messages: en }));

function textsOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, part]) => textsOf(part, `${path}.${key}`));
}

describe('languages', () => {
  test('English says everything German says, down to the last attribute and reason', () => {
    expect(textsOf(en).sort()).toEqual(textsOf(de).sort());
  });

  test('the same page in the other language keeps its path', () => {
    expect(localised('/objekt/', 'en')).toBe('/en/objekt/');
    expect(localised('/en/objekt/', 'de')).toBe('/objekt/');
    expect(localised('/en/', 'de')).toBe('/');
    expect(languageOf('/energie/')).toBe('de');
  });
});

describe('values', () => {
  test('numbers are written as the reader writes them', () => {
    expect(german.valueWithUnit('temperature', 21.46, 'CEL')).toBe('21,5\u202f°C');
    expect(english.valueWithUnit('temperature', 21.46, 'CEL')).toBe('21.5\u202f°C');
  });

  test('shares of one are shown as per cent, per cent as it is', () => {
    expect(german.valueWithUnit('relativeHumidity', 0.61)).toBe('61\u202f%');
    expect(german.valueWithUnit('relativeHumidity', 61, 'P1')).toBe('61\u202f%');
    expect(german.valueWithUnit('fillingLevel', 0.25, 'C62')).toBe('25\u202f%');
  });

  test('words of the data models are translated, unknown attributes are made readable', () => {
    expect(german.valueWithUnit('status', 'free')).toBe('frei');
    expect(german.attribute('totalFlowRate')).toBe('Total flow rate');
  });

  test('age and time follow the clock of Berlin', () => {
    const time = Date.parse('2026-07-01T22:30:00Z');
    expect(german.clock(time)).toBe('00:30');
    expect(german.age(time, time + 3 * 60_000)).toBe('vor 3 Min.');
    expect(german.age(time, time + 2000)).toBe('gerade eben');
  });

  test('bytes come in the size people know', () => {
    expect(german.bytes(81_234_567_890)).toBe('81,2\u00a0GB');
    expect(german.bytes(0)).toContain('0');
  });
});
