import { expect, test } from 'vitest';
import { heard, parseDegrees, parseEui } from './devices';
import { chooseTiles, toObject } from './objects';
import { sourceName } from './sources';

test('a DevEUI is taken as it is printed on the box', () => {
  expect(parseEui('A8-40-41-00-01-81-00-02')).toBe('a840410001810002');
  expect(parseEui('a8:40:41:00:01:81:00:02 ')).toBe('a840410001810002');
  expect(parseEui('a84041000181000')).toBeUndefined();
  expect(parseEui('a84041000181000g')).toBeUndefined();
});

test('a device that never reported is not called silent, one that stopped is', () => {
  const device = { id: 'a', devEui: 'a', name: '', profile: '', state: 'active' as const };
  const health = { lastSeen: '2026-07-07T10:00:00Z' };
  expect(heard(device)).toBe('neutral');
  expect(heard({ ...device, health })).toBe('good');
  expect(heard({ ...device, health, stale: true })).toBe('bad');
});

test('a source is called by the name that people gave it', () => {
  expect(sourceName('webhook:stadtwerke', {})).toBe('stadtwerke');
  expect(sourceName('mqtt:netz', { mqtt: 'Programme' })).toBe('netz');
  expect(sourceName('mqtt', { mqtt: 'Programme' })).toBe('Programme');
});

test('degrees may be written with a comma', () => {
  expect(parseDegrees('51,5136')).toBe(51.5136);
  expect(parseDegrees('')).toBeUndefined();
  expect(parseDegrees('Nord')).toBeUndefined();
});

test('tiles show one object of each kind before a second one, in an order that does not change with the values', () => {
  const city = { id: 'dortmund', name: 'Dortmund' };
  const object = (type: string, name: string, attribute: string, value: number) =>
    toObject(
      city,
      {
        id: `${type}:${name}`,
        type,
        name: { value: name },
        [attribute]: { type: 'Property', value, observedAt: '2026-07-01T12:00:00Z' }
      },
      'de'
    );
  const tiles = (value: number) =>
    chooseTiles(
      [
        object('OffStreetParking', 'B', 'availableSpotNumber', value),
        object('OffStreetParking', 'A', 'availableSpotNumber', 1),
        object('WeatherObserved', 'C', 'temperature', 20)
      ],
      3,
      Date.parse('2026-07-01T12:00:00Z')
    ).map((chosen) => chosen.name);
  expect(tiles(5)).toEqual(['A', 'C', 'B']);
  expect(tiles(500)).toEqual(['A', 'C', 'B']);
});
