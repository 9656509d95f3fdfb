import { describe, expect, test } from 'vitest';
import { gapsOf, meanPoints, rawPoints, reachOf, runsOf, toCsv, wordsOf, type Point, type Series } from './series';

const minute = 60_000;
const at = (minutes: number, provenance?: Point['provenance']): Point => ({
  time: minutes * minute,
  value: minutes,
  provenance
});

const seriesOf = (points: Point[], reach: number, begins = false): Series => ({ points, reach, words: [], begins });

describe('reading a history', () => {
  test('single values keep their own origin and come in order of time', () => {
    const member = [
      { type: 'Property', value: 2, observedAt: '2026-07-01T12:10:00Z', provenance: { value: 'simulated' } },
      { type: 'Property', value: 1, observedAt: '2026-07-01T12:00:00Z' }
    ];
    expect(rawPoints(member, 'recorded').map((point) => [point.value, point.provenance])).toEqual([
      [1, 'recorded'],
      [2, 'simulated']
    ]);
  });

  test('bare pairs are read as well', () => {
    expect(rawPoints({ type: 'Property', values: [[5, '2026-07-01T12:00:00Z']] })).toHaveLength(1);
  });

  test('words are no numbers, switches are', () => {
    const member = [
      { value: 'free', observedAt: '2026-07-01T12:00:00Z' },
      { value: true, observedAt: '2026-07-01T12:05:00Z' }
    ];
    expect(wordsOf(member).map((word) => word.text)).toEqual(['free']);
    expect(rawPoints(member).map((point) => point.value)).toEqual([1]);
  });

  test('means bring their lowest and highest value', () => {
    const range = ['2026-07-01T12:00:00Z', '2026-07-01T13:00:00Z'];
    const [point] = meanPoints({ avg: [[3, ...range]], min: [[1, ...range]], max: [[7, ...range]] });
    expect(point).toEqual({ time: Date.parse(range[0]!), value: 3, min: 1, max: 7, provenance: undefined });
  });

  test('means say for each period where its values come from', () => {
    const [first, second] = [
      ['2026-07-01T12:00:00Z', '2026-07-01T13:00:00Z'],
      ['2026-07-01T13:00:00Z', '2026-07-01T14:00:00Z']
    ];
    const points = meanPoints({
      avg: [
        [3, ...first!],
        [4, ...second!]
      ],
      provenance: [
        ['recorded', ...first!],
        ['mixed', ...second!]
      ]
    });
    expect(points.map((point) => point.provenance)).toEqual(['recorded', 'mixed']);
  });

  test('a series without values is empty and not an error', () => {
    expect(rawPoints(undefined)).toEqual([]);
    expect(meanPoints(undefined)).toEqual([]);
    expect(gapsOf(seriesOf([], minute), 0, 10 * minute)).toEqual([]);
  });
});

describe('gaps', () => {
  test('no line runs where the distance is more than twice the interval', () => {
    const points = [at(0), at(15), at(45), at(76)];
    expect(runsOf(points, reachOf(points, 900)).map((run) => run.length)).toEqual([3, 1]);
  });

  test('a gap at the beginning and at the end is named, too', () => {
    expect(gapsOf(seriesOf([at(60), at(75)], reachOf([], 900)), 0, 150 * minute)).toEqual([
      { from: 0, to: 60 * minute },
      { from: 75 * minute, to: 150 * minute }
    ]);
  });

  test('before the first value of all nothing is missing: there was no sensor yet', () => {
    expect(gapsOf(seriesOf([at(60), at(75)], reachOf([], 900), true), 0, 75 * minute)).toEqual([]);
  });

  test('what reports every five minutes is silent after an hour, even if a file says “once a day”', () => {
    const points = [...[...Array(20).keys()].map((index) => at(5 * index)), at(13 * 60)];
    expect(gapsOf(seriesOf(points, reachOf(points, 86_400)), 0, 13 * 60 * minute)).toHaveLength(1);
  });

  test('where origin changes, the line goes on in its other stroke', () => {
    const runs = runsOf([at(0, 'recorded'), at(1, 'recorded'), at(2, 'simulated'), at(3, 'simulated')], 10 * minute);
    expect(runs.map((run) => run.at(-1)!.provenance)).toEqual(['recorded', 'simulated']);
    expect(runs[1]![0]!.time).toBe(minute);
  });

  test('without an interval the usual distance of the values decides', () => {
    const points = [...Array(20).keys()].map((index) => at(index * 60));
    expect(reachOf(points)).toBe(120 * minute);
  });
});

describe('CSV', () => {
  const columns = { time: 'Zeit', value: 'Wert', min: 'Min', max: 'Max', unit: 'Einheit', provenance: 'Herkunft' };

  test('every line says time in UTC, value, unit and origin', () => {
    const series = { points: [at(1, 'measured')], words: [], reach: 1 };
    expect(toCsv(series, columns, 'CEL', () => 'gemessen')).toBe(
      'Zeit,Wert,Einheit,Herkunft\r\n1970-01-01T00:01:00.000Z,1,CEL,gemessen\r\n'
    );
  });

  test('a text with comma or quotes stays one cell', () => {
    const series = { points: [], words: [{ time: 0, text: 'a "b", c' }], reach: 1 };
    expect(toCsv(series, columns, '', () => '-')).toContain('"a ""b"", c"');
  });
});
