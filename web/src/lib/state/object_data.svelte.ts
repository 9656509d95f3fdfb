// One object, loaded and then kept up to date.
import { ApiError, client } from '#lib/api/client';
import { follow, type Connection } from '#lib/api/live';
import type { Entity } from '#lib/api/types';
import { typeOf, type Rhythms } from '#lib/domain/readings';

export class ObjectData {
  entity = $state.raw<Entity>();
  rhythms = $state.raw<Rhythms>({});
  /** It was there, and is not any more: deleted or withdrawn. */
  gone = $state(false);
  error = $state<ApiError>();
  connection = $state<Connection>('connecting');
  private unfollow: (() => void) | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  constructor(
    readonly city: string,
    readonly id: string
  ) {}

  start(): () => void {
    void this.load();
    return () => {
      this.stopped = true;
      clearTimeout(this.retry);
      this.unfollow?.();
    };
  }

  async load(): Promise<void> {
    clearTimeout(this.retry);
    try {
      const entity = await client.entity(this.city, this.id);
      if (this.stopped) return;
      this.entity = entity;
      this.gone = false;
      this.error = undefined;
      void this.loadRhythms();
      this.unfollow?.();
      this.unfollow = follow(this.city, [typeOf(entity)], {
        change: (change) => {
          if (change.id !== this.id) return;
          this.entity = change.entity;
          this.gone = !change.entity;
        },
        reload: () => void this.load(),
        state: (state) => (this.connection = state)
      });
    } catch (error) {
      if (this.stopped) return;
      this.error = error instanceof ApiError ? error : new ApiError(500, String(error));
      if (this.error.status === 404 && this.entity) {
        this.entity = undefined;
        this.gone = true;
      }
      if (this.error.offline || this.error.status >= 500) this.retry = setTimeout(() => void this.load(), 5000);
    }
  }

  private async loadRhythms(): Promise<void> {
    try {
      this.rhythms = (await client.rhythms(this.city, this.id))[this.id] ?? {};
    } catch {
      this.rhythms = {};
    }
  }
}
