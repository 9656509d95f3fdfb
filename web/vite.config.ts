import { env } from 'node:process';
import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// The address of a running server, for `npm run dev` only; the product serves the built files itself.
const backend = env.DOS_URL ?? 'http://localhost:8030';
const passedOn = ['/platform', '/dortmund', '/schwerte', '/demo-map', '/openapi.json'];

export default defineConfig({
  plugins: [
    sveltekit({
      preprocess: vitePreprocess(),
      adapter: adapter({ fallback: '200.html', precompress: true }),
      prerender: { entries: ['*', '/en/'] },
      csp: {
        mode: 'hash',
        directives: {
          'default-src': ['self'],
          'script-src': ['self'],
          'style-src': ['self'],
          'style-src-attr': ['unsafe-inline'],
          'img-src': ['self', 'data:', 'blob:'],
          'worker-src': ['self'],
          'connect-src': ['self'],
          'object-src': ['none'],
          'base-uri': ['self'],
          'form-action': ['self']
        }
      }
    })
  ],
  build: { target: 'es2022' },
  server: { proxy: Object.fromEntries(passedOn.map((path) => [path, { target: backend }])) },
  test: { include: ['src/**/*.test.ts'], reporters: ['default', './tools/count_reporter.mjs'] },
  css: { preprocessorOptions: { scss: { quietDeps: true } } }
});
