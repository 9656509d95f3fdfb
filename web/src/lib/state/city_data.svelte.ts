// Everything one page shows of one city: loaded once, then kept up to date by the server's events.
import { SvelteMap } from 'svelte/reactivity';
import { ApiError, client } from '#lib/api/client';
import { follow, type Connection } from '#lib/api/live';
import type { CityRhythms, Entity, LiveChange } from '#lib/api/types';
import { isShown, kindOf, stopTypes, usualTypes } from '#lib/domain/kinds';
import { typeOf } from '#lib/domain/readings';
import type { Snapshot } from './facts';

const retryAfter = 5000;
/** A busy city sends many changes a second; the page is drawn once for those of a moment. */
const gatherFor = 150;

const hasStops = (types: string[]) => types.some((type) => kindOf({ type }) === 'stop');

export class CityData {
  readonly entities = new SvelteMap<string, Entity>();
  /** How often values come, as the series themselves say; until they have come, what was stated counts. */
  rhythms = $state.raw<CityRhythms>({});
  loading = $state(true);
  error = $state<ApiError>();
  connection = $state<Connection>('connecting');
  /** When the last event came, milliseconds UTC. */
  lastChange = $state<number>();
  hasStops = $state(false);
  stops = $state<'none' | 'loading' | 'shown'>('none');

  private unfollow: (() => void) | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly waiting = new Map<string, LiveChange>();
  private stopped = false;

  constructor(
    readonly city: string,
    private snapshot?: Snapshot
  ) {
    if (!snapshot) return;
    for (const entity of snapshot.entities) this.entities.set(entity.id, entity);
    this.rhythms = snapshot.rhythms ?? {};
    this.hasStops = hasStops(snapshot.types);
    this.loading = false;
  }

  /** Loads and follows until the returned function is called. */
  start(): () => void {
    this.stopped = false;
    const { snapshot } = this;
    this.snapshot = undefined;
    // What the server wrote into the page is followed from where it stood.
    if (snapshot && !snapshot.partial) {
      this.follow(snapshot.position);
      void this.loadRhythms();
    } else {
      void this.load();
    }
    return () => this.stop();
  }

  async load(): Promise<void> {
    clearTimeout(this.retry);
    try {
      // The stream is opened first: what changes while the rest is loading waits for it and is not lost.
      this.follow();
      const types = await this.shownTypes();
      const found = types.length ? await client.entities(this.city, types) : [];
      if (this.stopped) return;
      const present = new Set(found.map((entity) => entity.id));
      for (const [id, entity] of this.entities) {
        if (!present.has(id) && kindOf(entity) !== 'stop') this.entities.delete(id);
      }
      for (const entity of found) this.entities.set(entity.id, entity);
      this.error = undefined;
      this.loading = false;
      this.flush();
      void this.loadRhythms();
    } catch (error) {
      if (this.stopped) return;
      this.error = error instanceof ApiError ? error : new ApiError(500, String(error));
      this.loading = false;
      this.connection = 'lost';
      this.retry = setTimeout(() => void this.load(), retryAfter);
    }
  }

  /** A thousand stops come only when somebody wants to see them. */
  async loadStops(): Promise<void> {
    if (this.stops !== 'none') return;
    this.stops = 'loading';
    try {
      for (const stop of await client.entities(this.city, stopTypes)) this.entities.set(stop.id, stop);
      this.stops = 'shown';
    } catch {
      this.stops = 'none';
    }
  }

  private async loadRhythms(): Promise<void> {
    try {
      this.rhythms = await client.rhythms(this.city);
    } catch {
      this.rhythms = {};
    }
  }

  private stop(): void {
    this.stopped = true;
    clearTimeout(this.retry);
    clearTimeout(this.timer);
    this.timer = undefined;
    this.unfollow?.();
  }

  private async shownTypes(): Promise<string[]> {
    try {
      const types = await client.types(this.city);
      this.hasStops = hasStops(types);
      return types.filter(isShown);
    } catch (error) {
      if (error instanceof ApiError && (error.offline || error.status >= 500)) throw error;
      this.hasStops = true;
      return usualTypes;
    }
  }

  /** Of all types: the first object of a new kind is to appear without reloading. */
  private follow(after?: number): void {
    this.unfollow?.();
    this.connection = 'connecting';
    this.unfollow = follow(
      this.city,
      [],
      {
        change: (change) => this.take(change),
        reload: () => void this.load(),
        state: (state) => (this.connection = state)
      },
      after
    );
  }

  private take(change: LiveChange): void {
    if (!isShown(typeOf(change)) && !this.entities.has(change.id)) return;
    this.lastChange = Date.now();
    this.waiting.set(change.id, change);
    if (!this.loading) this.timer ??= setTimeout(() => this.flush(), gatherFor);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const { id, entity } of this.waiting.values()) {
      if (entity) this.entities.set(id, entity);
      else this.entities.delete(id);
    }
    this.waiting.clear();
  }
}
