// Finds objects by what people type: name, kind, quantity, place, a word of daily life, however it is spelled.
import type { Messages } from '#lib/i18n/de';
import { folded, shortName } from './names';
import type { CityObject } from './objects';
import { factsOf, plain, readingsOf, typeOf, type Reading } from './readings';

/** What the reader's language knows of names and words. */
export type Words = Pick<Messages, 'kinds' | 'types' | 'attributes' | 'values' | 'synonyms'>;

export function wordsOf(wish: string): string[] {
  return folded(wish).split(' ').filter(Boolean);
}

export interface Hit {
  object: CityObject;
  /** The value that was asked for, where the words name a quantity and not the object. */
  reading?: Reading;
}

interface Entry {
  name: string;
  text: string;
  quantities: { text: string; reading: Reading }[];
}

// An object that has not changed is not read again.
const known = new WeakMap<CityObject, { words: Words; entry: Entry }>();

function entryOf(object: CityObject, words: Words): Entry {
  const before = known.get(object);
  if (before?.words === words) return before.entry;
  const { entity, kind, name, town } = object;
  const called = (attribute: string) => {
    const short = shortName(attribute);
    return `${words.attributes[short] ?? ''} ${short} ${words.synonyms[short] ?? ''}`;
  };
  const readings = readingsOf(entity, object.rhythms);
  const type = typeOf(entity);
  const quantities = readings.map((reading) => ({ text: folded(called(reading.attribute)), reading }));
  const said = readings.flatMap(({ value }) => (typeof value === 'string' ? [words.values[value] ?? value] : []));
  const facts = factsOf(entity).map(({ value }) => String(value));
  const names = Object.values((plain(entity.name) as object | undefined) ?? {}).filter(
    (one) => typeof one === 'string'
  );
  const about = [
    name,
    ...(typeof plain(entity.name) === 'object' ? names : []),
    words.kinds[kind],
    words.synonyms[kind],
    type,
    words.types[type],
    words.synonyms[type],
    town,
    ...facts,
    ...said
  ];
  const entry = { name: folded(name), text: folded(about.filter(Boolean).join(' ')), quantities };
  known.set(object, { words, entry });
  return entry;
}

/** All words must be found; objects whose name begins with them come first, then names that hold them, then the rest. */
export function search(objects: CityObject[], wish: string, words: Words): Hit[] {
  const wanted = wordsOf(wish);
  if (!wanted.length) return objects.map((object) => ({ object }));
  const found = objects.flatMap((object) => matched(object, wanted, words));
  return found.sort((a, b) => a.rank - b.rank);
}

function matched(object: CityObject, wanted: string[], words: Words): (Hit & { rank: number })[] {
  const { name, text, quantities } = entryOf(object, words);
  const missing = wanted.filter((word) => !text.includes(word));
  if (missing.length) {
    const quantity = quantities.find((one) => missing.every((word) => one.text.includes(word)));
    return quantity ? [{ object, reading: quantity.reading, rank: 2 }] : [];
  }
  const quantity = quantities.find((one) => wanted.every((word) => one.text.includes(word)));
  const inName = wanted.every((word) => name.includes(word));
  const rank = name.startsWith(wanted[0]!) && inName ? 0 : inName ? 1 : 2;
  return [{ object, reading: rank === 2 ? quantity?.reading : undefined, rank }];
}
