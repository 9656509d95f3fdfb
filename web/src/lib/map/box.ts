// Boxes of longitude and latitude around cities and places.
import type { City } from '#lib/api/types';

export type Box = [west: number, south: number, east: number, north: number];

/** Where a city states neither box nor centre: Germany. */
const region: Box = [5.9, 47.2, 15.1, 55.1];

export function boxOf(cities: City[]): Box {
  const boxes = cities.flatMap((city): Box[] => {
    if (city.bbox) return [city.bbox];
    if (!city.center) return [];
    const [longitude, latitude] = city.center;
    return [[longitude - 0.1, latitude - 0.06, longitude + 0.1, latitude + 0.06]];
  });
  return boxes.length ? boxes.reduce(joined) : region;
}

export function middleOf([west, south, east, north]: Box): [number, number] {
  const short = (degrees: number) => Math.round(degrees * 10_000) / 10_000;
  return [short((west + east) / 2), short((south + north) / 2)];
}

function joined(a: Box, b: Box): Box {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

/** Whether a place lies in the box or not further than about ten kilometres from it. */
export function isNear([west, south, east, north]: Box, [longitude, latitude]: [number, number]): boolean {
  return longitude > west - 0.15 && longitude < east + 0.15 && latitude > south - 0.1 && latitude < north + 0.1;
}
