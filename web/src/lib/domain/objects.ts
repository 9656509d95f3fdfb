// The objects of one or several cities as the portal lists them, and the few that stand on tiles.
import type { City, Entity } from '#lib/api/types';
import { firstReading, kindIds, kindOf, type KindId } from './kinds';
import { compareNames } from './names';
import type { Box } from '#lib/map/box';
import { homeOf, isStale, nameOf, pointOf, type Reading, type Rhythms } from './readings';

export interface CityObject {
  /** City and entity together: both cities may use the same entity id. */
  key: string;
  city: City;
  entity: Entity;
  kind: KindId;
  name: string;
  /** Where it lies, as it says itself: a city also shows what its neighbours measure. */
  town?: string;
  reading?: Reading;
  rhythms?: Rhythms;
  point?: [number, number];
}

// An entity that has not changed is not read again.
const made = new WeakMap<Entity, CityObject & { language: string }>();

export function toObject(city: City, entity: Entity, language: string, rhythms?: Rhythms): CityObject {
  const known = made.get(entity);
  if (known?.language === language && known.city === city && known.rhythms === rhythms) return known;
  const object = {
    language,
    key: `${city.id} ${entity.id}`,
    city,
    entity,
    kind: kindOf(entity),
    name: nameOf(entity, language),
    town: homeOf(entity).town,
    rhythms,
    reading: firstReading(entity, rhythms),
    point: pointOf(entity)
  };
  made.set(entity, object);
  return object;
}

export function byKind(objects: CityObject[]): [KindId, number][] {
  return kindIds
    .map((kind): [KindId, number] => [kind, objects.filter((object) => object.kind === kind).length])
    .filter(([, count]) => count > 0);
}

/**
 * Up to `count` objects for the tiles: one of each kind in turn, then a second one. Those that report come before those
 * that are silent, the city's own before its neighbours', otherwise by name.
 */
export function chooseTiles(objects: CityObject[], count: number, now: number): CityObject[] {
  const penalty = ({ reading, point, city }: CityObject) =>
    (isStale(reading ?? {}, now) ? 4 : 0) +
    (now - (reading?.time ?? 0) > hoursFresh * 3_600_000 ? 2 : 0) +
    (point && city.bbox && !contains(city.bbox, point) ? 1 : 0);
  const rows = kindIds
    .filter((kind) => kind !== 'stop')
    .map((kind) =>
      objects
        .filter((object) => object.kind === kind && typeof object.reading?.value === 'number')
        .map((object) => ({ object, penalty: penalty(object) }))
        .sort(
          (a, b) =>
            a.penalty - b.penalty ||
            a.object.city.id.localeCompare(b.object.city.id) ||
            compareNames(a.object.name, b.object.name)
        )
        .map(({ object }) => object)
    );
  const chosen: CityObject[] = [];
  for (let rank = 0; chosen.length < count && rows.some((row) => row.length > rank); ++rank) {
    for (const row of rows) if (row[rank] && chosen.length < count) chosen.push(row[rank]!);
  }
  return chosen;
}

const hoursFresh = 3;

function contains([west, south, east, north]: Box, [x, y]: [number, number]): boolean {
  return x >= west && x <= east && y >= south && y <= north;
}
