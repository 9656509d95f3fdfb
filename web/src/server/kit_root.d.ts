// What SvelteKit puts around layout and page; vite.server.config.ts says where it lies.
declare module '@sveltejs/kit-root' {
  import type { Component } from 'svelte';
  const Root: Component<Record<string, unknown>>;
  export default Root;
}
