// One thing a page asks the server for: the answer, what went wrong, and whether it is still coming. A server out of reach
// is asked again until it answers or the page is left.
import { onDestroy } from 'svelte';
import { ApiError } from '#lib/api/client';

const retryAfter = 5000;

export class Loader<Value> {
  value = $state.raw<Value>();
  error = $state<ApiError>();
  loading = $state(true);
  private asked = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    // An answer that is still on its way is dropped.
    onDestroy(() => {
      this.asked = Infinity;
      clearTimeout(this.retry);
    });
  }

  /** The answer to the last question wins; an older one that comes late is dropped. */
  async run(ask: () => Promise<Value>): Promise<void> {
    const mine = ++this.asked;
    clearTimeout(this.retry);
    this.loading = true;
    try {
      const value = await ask();
      if (mine !== this.asked) return;
      this.value = value;
      this.error = undefined;
    } catch (error) {
      if (mine !== this.asked) return;
      this.error = toApiError(error);
      if (this.error.offline) this.retry = setTimeout(() => void this.run(ask), retryAfter);
    }
    this.loading = false;
  }
}

export function toApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(500, String(error));
}
