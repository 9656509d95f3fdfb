// What the whole site knows: the cities, the session and whether the device has a network.
import { getContext, setContext } from 'svelte';
import { ApiError, client } from '#lib/api/client';
import type { City, Session } from '#lib/api/types';
import type { Facts } from './facts';

const retryAfter = 5000;

export class Site {
  cities = $state<City[]>([]);
  demo = $state(false);
  version = $state('');
  ready = $state(false);
  error = $state<ApiError>();
  online = $state(true);
  session = $state<Session>();
  /** Why it is not known whether somebody is signed in. */
  sessionError = $state<ApiError>();
  /** Which city the page is about, when it is about one. */
  chosen = $state<string>();

  constructor(facts?: Facts) {
    if (!facts) return;
    this.cities = facts.cities;
    this.demo = facts.demo ?? false;
    this.version = facts.version ?? '';
    this.ready = true;
  }

  private retry: ReturnType<typeof setTimeout> | undefined;
  private sessionRetry: ReturnType<typeof setTimeout> | undefined;
  private sessionChanges = 0;

  async load(): Promise<void> {
    clearTimeout(this.retry);
    try {
      const answer = await client.cities();
      this.cities = answer.cities;
      this.demo = answer.demo ?? false;
      this.version = answer.version ?? '';
      this.error = undefined;
      this.ready = true;
    } catch (error) {
      this.error = error instanceof ApiError ? error : new ApiError(500, String(error));
      this.retry = setTimeout(() => void this.load(), retryAfter);
    }
  }

  /** Somebody has signed in or out here. What was asked for before that is no longer true when it comes. */
  setSession(session: Session): void {
    this.sessionChanges += 1;
    this.session = session;
    this.sessionError = undefined;
  }

  async loadSession(): Promise<void> {
    clearTimeout(this.sessionRetry);
    const asked = this.sessionChanges;
    try {
      const session = await client.session.get();
      if (asked === this.sessionChanges) this.setSession(session);
    } catch (error) {
      if (asked !== this.sessionChanges) return;
      if (error instanceof ApiError && error.offline) {
        this.sessionError = error;
        this.sessionRetry = setTimeout(() => void this.loadSession(), retryAfter);
      } else {
        this.session = { signed_in: false };
      }
    }
  }

  /** The one city that is chosen, or the only one there is. */
  get city(): City | undefined {
    return this.cities.length === 1 ? this.cities[0] : this.cities.find(({ id }) => id === this.chosen);
  }

  /** For use while a component is made: the page is about the city that `id` gives, until it is left. */
  follow(id: () => string | undefined): void {
    $effect(() => {
      this.chosen = id();
      return () => (this.chosen = undefined);
    });
  }

  get mayWrite(): boolean {
    return this.session?.role === 'admin' || this.session?.role === 'editor';
  }
}

const key = Symbol('site');

export const provideSite = (site: Site): Site => setContext(key, site);
export const useSite = (): Site => getContext<Site>(key);
