import { describe, expect, test } from 'vitest';
import type { City, Entity } from '#lib/api/types';
import { de } from '#lib/i18n/de';
import { en } from '#lib/i18n/en';
import { folded } from './names';
import { toObject } from './objects';
import { search } from './search';

const city: City = { id: 'dortmund', name: 'Dortmund' };
const measured = (value: unknown) => ({ type: 'Property', value, observedAt: '2026-07-01T12:00:00Z' });
const fact = (value: unknown) => ({ type: 'Property', value });
const entity = (type: string, name: string, members: Record<string, unknown> = {}): Entity => ({
  id: `urn:ngsi-ld:${type}:${name}`,
  type,
  name: fact(name),
  ...members
});

const objects = [
  entity('WaterObserved', 'Emscher, Mengede', { waterLevel: measured(0.97) }),
  entity('WeatherObserved', 'Wetterstation Westfalenpark', {
    temperature: measured(31),
    atmosphericPressure: measured(1013)
  }),
  entity('OffStreetParking', 'Parkhaus Möllerbrücke', {
    address: fact({ streetAddress: 'Hansastraße 99', addressLocality: 'Dortmund' }),
    availableSpotNumber: measured(20)
  }),
  entity('Playground', 'Westpark', { description: fact('Mit Rutsche und Schaukel') }),
  entity('Door', 'Tor am Hafen', { doorState: measured('open') })
].map((one) => toObject(city, one, 'de'));

const found = (wish: string, words = de) => search(objects, wish, words).map(({ object }) => object.name);

describe('search', () => {
  test('a quantity finds the objects that measure it, and shows that value', () => {
    expect(found('Wasserstand')).toEqual(['Emscher, Mengede']);
    const [hit] = search(objects, 'Luftdruck', de);
    expect(hit?.reading?.attribute).toBe('atmosphericPressure');
  });

  test('a word of daily life finds what it is about, in the reader’s language', () => {
    expect(found('heiß')).toEqual(['Wetterstation Westfalenpark']);
    expect(found('Pegel')).toEqual(['Emscher, Mengede']);
    expect(found('hot', en)).toEqual(['Wetterstation Westfalenpark']);
  });

  test('ss and ß, umlauts and their two letters, the short street and the whole one are the same', () => {
    for (const wish of ['Hansastrasse', 'Hansastraße', 'hansastr.', 'Hansa-Straße', 'hansastra', 'HANSASTR'])
      expect(found(wish), wish).toEqual(['Parkhaus Möllerbrücke']);
    for (const wish of ['Möller', 'Moeller', 'moller', 'heiss']) expect(found(wish), wish).toHaveLength(1);
    expect(folded('Großer Weg 3')).toBe(folded('grosser weg 3'));
  });

  test('a place is found by its kind, its description and its town', () => {
    expect(found('Spielplatz')).toEqual(['Westpark']);
    expect(found('Rutsche')).toEqual(['Westpark']);
    expect(found('parkhaus dortmund')).toEqual(['Parkhaus Möllerbrücke']);
  });

  test('a state is found by its word', () => {
    expect(found('offen')).toEqual(['Tor am Hafen']);
  });

  test('all words must fit; what is named so comes first', () => {
    expect(found('Parkhaus Wasserstand')).toEqual([]);
    expect(found('park')[0]).toBe('Parkhaus Möllerbrücke');
    expect(found('')).toHaveLength(objects.length);
  });
});
