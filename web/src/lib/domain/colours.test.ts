import { expect, test } from 'vitest';
import { inkOn, safeColour } from './colours';

test('signs on a city colour are black or white, whichever is easier to see', () => {
  expect(inkOn('#f28c00')).toBe('#000');
  expect(inkOn('#00719c')).toBe('#fff');
  expect(inkOn('#ffffff')).toBe('#000');
});

test('a colour that is no colour is not used', () => {
  expect(safeColour('#00719C')).toBe('#00719C');
  expect(safeColour('red; background: url(x)')).toBeUndefined();
  expect(safeColour(undefined)).toBeUndefined();
});
