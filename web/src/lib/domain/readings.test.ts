import { describe, expect, test } from 'vitest';
import type { Entity } from '#lib/api/types';
import { factsOf, homeOf, isStale, nameOf, pointOf, readingsOf, trendOf, typeOf } from './readings';
import { firstReading, isShown, kindOf } from './kinds';

const garage: Entity = {
  id: 'urn:ngsi-ld:OffStreetParking:hansaplatz',
  type: 'OffStreetParking',
  createdAt: '2026-01-01T00:00:00Z',
  name: { type: 'Property', value: 'Hansaplatz' },
  location: { type: 'GeoProperty', value: { type: 'Point', coordinates: [7.46, 51.51] } },
  address: {
    type: 'Property',
    value: { streetAddress: 'Hansaplatz 1', postalCode: '44137', addressLocality: 'Dortmund' }
  },
  totalSpotNumber: { type: 'Property', value: 274 },
  expectedInterval: { type: 'Property', value: 900 },
  occupancy: { type: 'Property', value: 0.4, observedAt: '2026-07-01T12:00:00Z' },
  availableSpotNumber: {
    type: 'Property',
    value: 120,
    observedAt: '2026-07-01T12:00:00Z',
    provenance: { type: 'Property', value: 'recorded' }
  }
};

describe('what an object says', () => {
  test('values have time, origin and interval; facts have none of them', () => {
    expect(readingsOf(garage)).toContainEqual({
      attribute: 'availableSpotNumber',
      value: 120,
      unitCode: undefined,
      time: Date.parse('2026-07-01T12:00:00Z'),
      provenance: 'recorded',
      interval: 900,
      rhythm: undefined,
      datasetId: undefined
    });
    expect(factsOf(garage).map((fact) => [fact.attribute, fact.value])).toEqual([
      ['address', 'Hansaplatz 1, 44137 Dortmund'],
      ['totalSpotNumber', 274]
    ]);
  });

  test('a neighbour’s object is at home with the neighbour, whichever city shows it', () => {
    const weather = { ...garage, address: undefined, dataProvider: { type: 'Property', value: 'Stadt Bochum' } };
    expect(homeOf(weather)).toEqual({ town: undefined, provider: 'Stadt Bochum' });
    expect(homeOf(garage)).toEqual({ town: 'Dortmund', provider: undefined });
  });

  test('free spaces stand for a garage, whatever comes first in the message', () => {
    expect(firstReading(garage)?.attribute).toBe('availableSpotNumber');
    expect(kindOf(garage)).toBe('parking');
  });

  test('an origin nobody knows is not shown as one', () => {
    const odd = {
      ...garage,
      availableSpotNumber: { type: 'Property', value: 1, observedAt: '2026-07-01T12:00:00Z', provenance: 'guessed' }
    };
    expect(readingsOf(odd).find((reading) => reading.attribute === 'availableSpotNumber')?.provenance).toBeUndefined();
  });

  test('two values of one attribute from two datasets are both shown', () => {
    const value = (datasetId: string) => ({
      type: 'Property',
      value: 1,
      datasetId,
      observedAt: '2026-07-01T12:00:00Z'
    });
    expect(readingsOf({ id: 'a:b', type: 'X', level: [value('urn:1'), value('urn:2')] })).toHaveLength(2);
  });

  test('a full name of a type counts as its last part', () => {
    expect(typeOf({ type: 'https://smartdatamodels.org/dataModel.Parking/OffStreetParking' })).toBe('OffStreetParking');
    expect(isShown('https://uri.etsi.org/ngsi-ld/default-context/MeasuringPoint')).toBe(false);
  });

  test('without a name the address stands in, then the end of the id', () => {
    expect(nameOf({ ...garage, name: undefined }, 'de')).toBe('Hansaplatz 1, 44137 Dortmund');
    expect(nameOf({ id: 'urn:ngsi-ld:X:last', type: 'X' }, 'de')).toBe('last');
    expect(nameOf({ id: 'a', type: 'X', name: { languageMap: { de: 'Teich', en: 'Pond' } } }, 'en')).toBe('Pond');
  });

  test('an area stands on the map in its middle', () => {
    const coordinates = [
      [
        [7, 51],
        [8, 51],
        [8, 52],
        [7, 52],
        [7, 51]
      ]
    ];
    expect(pointOf({ id: 'a', type: 'X', location: { value: { type: 'Polygon', coordinates } } })).toEqual([7.5, 51.5]);
  });
});

describe('age', () => {
  const time = Date.parse('2026-07-01T12:00:00Z');

  test('a value is stale when it is older than twice its interval, not before', () => {
    expect(isStale({ time, interval: 900 }, time + 1_800_000)).toBe(false);
    expect(isStale({ time, interval: 900 }, time + 1_800_001)).toBe(true);
  });

  test('a garage’s free spaces of 13 hours ago are stale, even if a file says “once a day”', () => {
    const spaces = { attribute: 'availableSpotNumber', time, interval: 86_400 };
    expect(isStale(spaces, time + 13 * 3_600_000)).toBe(true);
    expect(isStale(spaces, time + 3_500_000)).toBe(false);
    expect(isStale({ ...spaces, attribute: 'https://smartdatamodels.org/availableSpotNumber' }, time + 4e6)).toBe(true);
  });

  test('a series that itself reports every ten minutes is stale after twenty, whatever was stated', () => {
    const station = { attribute: 'temperature', time, interval: 86_400, rhythm: 600 };
    expect(isStale(station, time + 1_200_000)).toBe(false);
    expect(isStale(station, time + 1_200_001)).toBe(true);
    expect(isStale({ ...station, interval: undefined }, time + 1_200_001)).toBe(true);
    expect(isStale({ ...station, interval: 300 }, time + 600_001)).toBe(true);
  });

  test('nothing is called stale whose interval nobody knows', () => {
    expect(isStale({ time }, time + 1e12)).toBe(false);
  });

  test('a change below one per cent has no direction', () => {
    expect(trendOf(1000, 1009)).toBe('steady');
    expect(trendOf(1000, 1020)).toBe('rising');
    expect(trendOf(0, -1)).toBe('falling');
  });
});
