// What the server wrote into the page when it rendered it: the page begins with it, before it has asked for anything.
import type { CityRhythms, Cities, Entity } from '#lib/api/types';

export interface Snapshot {
  /** In the log of the city: what came later is followed from here. */
  position: number;
  types: string[];
  entities: Entity[];
  rhythms?: CityRhythms;
  /** There is more than the page was given. */
  partial?: boolean;
}

export interface Facts extends Cities {
  /** When the page was made, milliseconds UTC. */
  at: number;
  /** By city. */
  snapshots?: Record<string, Snapshot>;
}

export const factsId = 'facts';

let given: Facts | undefined;
let isRead = false;

/** While the server renders. */
export function giveFacts(facts: Facts | undefined): void {
  given = facts;
  isRead = true;
}

export function readFacts(): Facts | undefined {
  if (isRead || typeof document === 'undefined') return given;
  isRead = true;
  const text = document.getElementById(factsId)?.textContent;
  return (given = text ? (JSON.parse(text) as Facts) : undefined);
}
