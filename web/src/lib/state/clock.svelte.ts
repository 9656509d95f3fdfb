// The time of day as pages show it, moving on every few seconds while somebody looks.
import { createSubscriber } from 'svelte/reactivity';

const step = 5000;

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, step);
  return () => clearInterval(timer);
});

export function now(): number {
  subscribe();
  return Date.now();
}
