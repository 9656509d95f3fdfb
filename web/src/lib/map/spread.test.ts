import { expect, test } from 'vitest';
import { spread } from './spread';

const metres = (a: [number, number], b: [number, number]) =>
  Math.hypot((a[0] - b[0]) * 69_300, (a[1] - b[1]) * 111_320);

test('objects at one place are drawn apart, but not far from where they are', () => {
  const point: [number, number] = [7.4653, 51.5136];
  const drawn = spread(['c', 'a', 'b'].map((id) => ({ id, point })));
  for (const one of drawn) {
    expect(metres(one.point, point)).toBeLessThan(15);
    for (const other of drawn) if (one !== other) expect(metres(one.point, other.point)).toBeGreaterThan(8);
  }
});

test('an object keeps its place when the others come in another order', () => {
  const point: [number, number] = [7.4653, 51.5136];
  const placeOfA = (ids: string[]) => spread(ids.map((id) => ({ id, point }))).find(({ id }) => id === 'a')!.point;
  expect(placeOfA(['a', 'b', 'c'])).toEqual(placeOfA(['c', 'b', 'a']));
});

test('an object that stands alone stays where it is', () => {
  const all = [
    { id: 'a', point: [7.4, 51.5] as [number, number] },
    { id: 'b', point: [7.5, 51.5] as [number, number] }
  ];
  expect(spread(all)).toEqual(all);
});
