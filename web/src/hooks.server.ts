import type { Handle } from '@sveltejs/kit/hooks';
import { languageOf } from '#lib/i18n/language';

export const handle: Handle = ({ event, resolve }) =>
  resolve(event, { transformPageChunk: ({ html }) => html.replace('%lang%', languageOf(event.url.pathname)) });
