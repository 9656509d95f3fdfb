// Objects at the very same place are drawn around it, so that each can be seen and chosen when the map is near enough.

const metresADegree = 111_320;
/** About one marker on the nearest zoom steps. */
const apart = 12;

/** Moves those that share a place (to about a metre) onto a small circle around it; all others stay as they are. */
export function spread<Placed extends { id: string; point: [number, number] }>(all: Placed[]): Placed[] {
  const places = new Map<string, Placed[]>();
  for (const one of all) {
    const place = one.point.map((degrees) => degrees.toFixed(5)).join();
    const there = places.get(place);
    if (there) there.push(one);
    else places.set(place, [one]);
  }
  if (places.size === all.length) return all;
  return [...places.values()].flatMap((there) => (there.length === 1 ? there : around(there)));
}

function around<Placed extends { id: string; point: [number, number] }>(there: Placed[]): Placed[] {
  const radius = Math.max(apart / 2, (there.length * apart) / (2 * Math.PI)) / metresADegree;
  // In the order of their ids, so that nobody moves when another value comes in.
  const sorted = [...there].sort((a, b) => (a.id < b.id ? -1 : 1));
  return sorted.map((one, index) => {
    const angle = (2 * Math.PI * index) / sorted.length;
    const [longitude, latitude] = one.point;
    const stretch = Math.cos((latitude * Math.PI) / 180);
    return { ...one, point: [longitude + (radius * Math.sin(angle)) / stretch, latitude + radius * Math.cos(angle)] };
  });
}
