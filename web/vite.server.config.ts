// Builds src/server/pages.ts into one script without imports for the program's own JavaScript engine.
import { fileURLToPath } from 'node:url';
import { svelte, vitePreprocess } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  plugins: [svelte({ configFile: false, preprocess: vitePreprocess(), emitCss: true })],
  resolve: {
    alias: {
      '$app/state': path('src/server/app_state.ts'),
      '$app/navigation': path('src/server/app_state.ts'),
      '@sveltejs/kit-root': path('node_modules/@sveltejs/kit/src/runtime/components/root.svelte')
    }
  },
  ssr: { noExternal: true },
  build: {
    ssr: 'src/server/pages.ts',
    target: 'es2022',
    outDir: 'build_server',
    emptyOutDir: true,
    rollupOptions: { output: { entryFileNames: 'pages.js', codeSplitting: false } }
  },
  css: { preprocessorOptions: { scss: { quietDeps: true } } }
});
