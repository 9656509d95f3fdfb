import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

export default ts.config(
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'] } }
  },
  {
    rules: {
      // Links are built by i18n.path(), which knows the language; the site always lies at the root.
      'svelte/no-navigation-without-resolve': 'off',
      // Sets and search parameters here are made, read once and dropped.
      'svelte/prefer-svelte-reactivity': 'off'
    }
  },
  { ignores: ['build/', 'build_server/', '.svelte-kit/', 'node_modules/'] }
);
