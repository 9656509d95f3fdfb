// The pages as the server makes them: the components that also run in the browser, rendered with what the server knows.
// `npm run build` puts this into one script, which the program runs in its own JavaScript engine.
import './engine';
import type { Component } from 'svelte';
import { render } from 'svelte/server';
import Root from '@sveltejs/kit-root';
import { isShown } from '#lib/domain/kinds';
import { de } from '#lib/i18n/de';
import { en } from '#lib/i18n/en';
import { languageOf, localised } from '#lib/i18n/language';
import { giveFacts, type Facts } from '#lib/state/facts';
import ErrorPage from '../routes/+error.svelte';
import Layout from '../routes/+layout.svelte';
import Accessibility from '../routes/[[lang=lang]]/barrierefreiheit/+page.svelte';
import Api from '../routes/[[lang=lang]]/api/+page.svelte';
import Easy from '../routes/[[lang=lang]]/leichte-sprache/+page.svelte';
import Home from '../routes/[[lang=lang]]/+page.svelte';
import Imprint from '../routes/[[lang=lang]]/impressum/+page.svelte';
import Privacy from '../routes/[[lang=lang]]/datenschutz/+page.svelte';
import ObjectPage from '../routes/[[lang=lang]]/objekt/+page.svelte';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
const pages: Record<string, Component<any>> = {
  '/': Home,
  '/api/': Api,
  '/barrierefreiheit/': Accessibility,
  '/datenschutz/': Privacy,
  '/impressum/': Imprint,
  '/leichte-sprache/': Easy,
  '/objekt/': ObjectPage
};

export interface Wish {
  /** As in the address, with its language: "/en/impressum/". */
  path: string;
  facts?: Facts;
}

export interface Rendered {
  title: string;
  body: string;
}

export function renderPage({ path, facts }: Wish): Rendered | undefined {
  const component = pages[localised(path, 'de')];
  if (!component) return undefined;
  giveFacts(facts);
  const language = languageOf(path);
  const data = { language, messages: language === 'de' ? de : en };
  const page = { url: { pathname: path }, params: {}, status: 200, data };
  const tree = { component: Layout, data, error: ErrorPage, child: { component, data, error: ErrorPage } };
  const context = new Map([['__request__', { page }]]);
  const props = { page, tree, components: [], form: null, error: undefined, onerror: undefined };
  const { head, body } = render(Root, { props, context });
  return { title: /<title>([^<]*)<\/title>/.exec(head)?.[1] ?? '', body };
}

/** For the program, texts in and texts out: a page, null where there is none; or which of these types a page shows. */
export function answer(wish: string): string {
  const asked = JSON.parse(wish) as Wish | { types: string[] };
  if ('types' in asked) return JSON.stringify(asked.types.filter(isShown));
  return JSON.stringify(renderPage(asked) ?? null);
}

globalThis.answer = answer;

declare global {
  var answer: (wish: string) => string;
}
