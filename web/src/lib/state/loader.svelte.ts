// One thing a page asks the server for: the answer, what went wrong, and whether it is still coming.
import { ApiError } from '#lib/api/client';

export class Loader<Value> {
  value = $state.raw<Value>();
  error = $state<ApiError>();
  loading = $state(true);
  private asked = 0;

  /** The answer to the last question wins; an older one that comes late is dropped. */
  async run(ask: () => Promise<Value>): Promise<void> {
    const mine = ++this.asked;
    this.loading = true;
    try {
      const value = await ask();
      if (mine !== this.asked) return;
      this.value = value;
      this.error = undefined;
    } catch (error) {
      if (mine !== this.asked) return;
      this.error = toApiError(error);
    }
    this.loading = false;
  }
}

export function toApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(500, String(error));
}
