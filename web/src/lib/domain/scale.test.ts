import { expect, test } from 'vitest';
import { digitsOf, domainOf } from './scale';

test('a temperature that hardly moves is drawn as a line and not as a mountain', () => {
  const [low, high] = domainOf(21.4, 21.5, '°C');
  expect(high - low).toBeCloseTo(2);
  expect((low + high) / 2).toBeCloseTo(21.45);
});

test('what moves more than that fills the chart', () => {
  expect(domainOf(12, 31, '°C')).toEqual([12, 31]);
  expect(domainOf(0.92, 1.31, 'm')).toEqual([0.92, 1.31]);
});

test('rain, counts and shares are never drawn below nothing', () => {
  expect(domainOf(0, 0, 'mm')).toEqual([0, 1]);
  expect(domainOf(1, 1, '%')).toEqual([0, 5]);
});

test('without a known unit a twentieth of the value is the least span', () => {
  expect(domainOf(400, 400, '')).toEqual([390, 410]);
});

test('decimals follow the span: centimetres of a gauge are told apart, garages have none', () => {
  expect(digitsOf([0.9, 1.0])).toBe(3);
  expect(digitsOf([0.5, 1.7])).toBe(2);
  expect(digitsOf([12, 31])).toBe(1);
  expect(digitsOf([990, 1030])).toBe(0);
  expect(digitsOf([0, 500])).toBe(0);
});
