// The language lies in the address: German at /, English at /en/.
export type Language = 'de' | 'en';

export const languages: Language[] = ['de', 'en'];

export function languageOf(pathname: string): Language {
  return pathname === '/en' || pathname.startsWith('/en/') ? 'en' : 'de';
}

/** The same page in a language: `/objekt/` becomes `/en/objekt/`. */
export function localised(path: string, language: Language): string {
  const neutral = path.replace(/^\/en(?=\/|$)/, '') || '/';
  return language === 'de' ? neutral : `/en${neutral}`;
}
