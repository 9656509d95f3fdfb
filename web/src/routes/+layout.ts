import { languageOf } from '#lib/i18n/language';
import type { LayoutLoad } from './$types';

export const prerender = true;
export const trailingSlash = 'always';

export const load: LayoutLoad = async ({ url }) => {
  const language = languageOf(url.pathname);
  const messages = language === 'de' ? (await import('#lib/i18n/de')).de : (await import('#lib/i18n/en')).en;
  return { language, messages };
};
