// Texts and formats of the page's language, handed down by the outermost layout.
import { getContext, setContext } from 'svelte';
import { timeZone } from '#lib/domain/berlin';
import { shortName } from '#lib/domain/names';
import { measureOf } from '#lib/domain/units';
import type { Translated } from '#lib/api/types';
import type { Messages } from './de';
import { localised, type Language } from './language';

export class I18n {
  /** Changes when the reader changes the language, so everything reads through here. */
  constructor(private readonly source: () => { language: Language; messages: Messages }) {}

  get language(): Language {
    return this.source().language;
  }

  get t(): Messages {
    return this.source().messages;
  }

  /** The address of a page of ours in the reader's language. */
  path = (path: string, query?: Record<string, string>): string =>
    localised(path, this.language) + (query ? `?${new URLSearchParams(query)}` : '');

  name = (text: Translated | undefined): string =>
    !text ? '' : typeof text === 'string' ? text : (text[this.language] ?? text.de);

  /** “Dortmund und Schwerte” */
  list = (words: string[]): string =>
    formatter('list', this.locale, {}, () => new Intl.ListFormat(this.locale)).format(words);

  private get locale(): string {
    return this.language === 'de' ? 'de-DE' : 'en-GB';
  }

  number = (value: number, options: Intl.NumberFormatOptions = {}): string =>
    formatter('number', this.locale, options, () => new Intl.NumberFormat(this.locale, options)).format(value);

  date = (time: number, options: Intl.DateTimeFormatOptions): string =>
    formatter(
      'date',
      this.locale,
      options,
      () => new Intl.DateTimeFormat(this.locale, { timeZone, ...options })
    ).format(time);

  clock = (time: number): string => this.date(time, { hour: '2-digit', minute: '2-digit' });

  clockSeconds = (time: number): string => this.date(time, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

  dateTime = (time: number): string => this.date(time, { dateStyle: 'medium', timeStyle: 'short' });

  /** How long ago something was: “vor 3 Min.” */
  age = (time: number, now: number): string => {
    const seconds = Math.round((time - now) / 1000);
    const size = Math.abs(seconds);
    if (size < 10) return this.t.fresh.now;
    const [amount, unit] = largest(seconds);
    const options: Intl.RelativeTimeFormatOptions = { style: 'short' };
    return formatter('age', this.locale, options, () => new Intl.RelativeTimeFormat(this.locale, options)).format(
      amount,
      unit
    );
  };

  /** A length of time: “15 Minuten” */
  duration = (seconds: number): string => {
    const [amount, unit] = largest(seconds);
    return this.number(amount, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 1 });
  };

  bytes = (bytes: number): string => {
    const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
    const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
    return this.number(bytes / 1000 ** step, {
      style: 'unit',
      unit: units[step],
      unitDisplay: 'short',
      maximumFractionDigits: 1
    });
  };

  attribute = (name: string): string => {
    const short = shortName(name);
    return this.t.attributes[short] ?? spoken(short);
  };

  /** A type of entities in plain words, as far as there are some. */
  type = (type: string): string => this.t.types[shortName(type)] ?? shortName(type);

  /** A value as a reader sees it, without and with its unit. */
  value = (attribute: string, value: unknown, unitCode?: string): { text: string; unit: string } => {
    if (typeof value === 'number') {
      const { factor, sign } = measureOf(attribute, unitCode, value);
      const shown = value * factor;
      const size = Math.abs(shown);
      const digits = size >= 100 || Number.isInteger(shown) ? 0 : size >= 1 ? 1 : 2;
      return { text: this.number(shown, { maximumFractionDigits: digits }), unit: sign };
    }
    if (value === undefined || value === null) return { text: '–', unit: '' };
    if (typeof value === 'object') return { text: JSON.stringify(value), unit: '' };
    return { text: this.t.values[String(value)] ?? String(value), unit: '' };
  };

  valueWithUnit = (attribute: string, value: unknown, unitCode?: string): string => {
    const { text, unit } = this.value(attribute, value, unitCode);
    return unit ? `${text}\u202f${unit}` : text;
  };
}

function largest(seconds: number): [number, 'second' | 'minute' | 'hour' | 'day'] {
  const size = Math.abs(seconds);
  if (size < 60) return [seconds, 'second'];
  if (size < 3600) return [Math.round(seconds / 60), 'minute'];
  if (size < 48 * 3600) return [Math.round(seconds / 3600), 'hour'];
  return [Math.round(seconds / 86400), 'day'];
}

/** “totalFlowRate” as “Total flow rate”. */
function spoken(name: string): string {
  const words = name.replace(/[_-]+/g, ' ').replace(/([a-z\d])([A-Z])/g, '$1 $2');
  return words.charAt(0).toUpperCase() + words.slice(1).toLowerCase();
}

// Making a formatter is slow, using one is not.
const formatters = new Map<string, unknown>();

function formatter<Format>(kind: string, locale: string, options: object, make: () => Format): Format {
  const key = kind + locale + JSON.stringify(options);
  const known = formatters.get(key) as Format | undefined;
  if (known) return known;
  const made = make();
  formatters.set(key, made);
  return made;
}

const key = Symbol('i18n');

export function provideI18n(source: () => { language: Language; messages: Messages }): I18n {
  return setContext(key, new I18n(source));
}

export function useI18n(): I18n {
  return getContext<I18n>(key);
}
