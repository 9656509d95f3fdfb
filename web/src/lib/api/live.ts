// Follows the changes of a city. The browser resumes a broken stream by itself, with the last position it saw.
import { client } from './client';
import type { LiveChange } from './types';

export type Connection = 'connecting' | 'live' | 'lost';

export interface Listener {
  change: (change: LiveChange) => void;
  /** Something was missed, a type was opened or withdrawn, or the server refused: load everything again. */
  reload: () => void;
  state: (state: Connection) => void;
}

const retryAfter = 5000;

/** `after`: the position in the log from where on; otherwise from now on. */
export function follow(city: string, types: string[], listener: Listener, after?: number): () => void {
  const stream = new EventSource(client.liveAddress(city, types, after));
  let retry: ReturnType<typeof setTimeout> | undefined;
  stream.onopen = () => listener.state('live');
  stream.addEventListener('change', (event) => {
    listener.state('live');
    listener.change(JSON.parse(event.data) as LiveChange);
  });
  stream.addEventListener('gap', () => listener.reload());
  stream.addEventListener('types', () => listener.reload());
  stream.onerror = () => {
    listener.state('lost');
    if (stream.readyState === EventSource.CLOSED) retry = setTimeout(listener.reload, retryAfter);
  };
  return () => {
    clearTimeout(retry);
    stream.close();
  };
}
