// As much of Intl as our pages ask for, in the two languages and the one time zone they are written in: the engine that
// renders them on the server has none. A test holds it to the real one.

type Locale = 'de-DE' | 'en-GB';
const isGerman = (locale: string | string[] | undefined) => String(locale ?? 'de').startsWith('de');

interface NumberOptions {
  minimumFractionDigits?: number;
  maximumFractionDigits?: number;
  style?: string;
  unit?: string;
  unitDisplay?: string;
}

const units: Record<string, Record<string, [one: string, many: string]>> = {
  de: {
    second: ['Sekunde', 'Sekunden'],
    minute: ['Minute', 'Minuten'],
    hour: ['Stunde', 'Stunden'],
    day: ['Tag', 'Tage']
  },
  en: {
    second: ['second', 'seconds'],
    minute: ['minute', 'minutes'],
    hour: ['hour', 'hours'],
    day: ['day', 'days']
  }
};
const shortBytes: Record<string, string> = {
  byte: 'byte',
  kilobyte: 'kB',
  megabyte: 'MB',
  gigabyte: 'GB',
  terabyte: 'TB'
};

export class NumberFormat {
  private readonly least: number;
  private readonly most: number;

  constructor(
    private readonly locale: Locale,
    private readonly options: NumberOptions = {}
  ) {
    this.least = options.minimumFractionDigits ?? 0;
    this.most = options.maximumFractionDigits ?? Math.max(3, this.least);
  }

  format(value: number): string {
    const text = this.plain(value);
    const { style, unit = '' } = this.options;
    if (style !== 'unit') return text;
    const german = isGerman(this.locale);
    const words = units[german ? 'de' : 'en']![unit];
    if (!words) return `${text}\u00a0${shortBytes[unit] ?? unit}`;
    return `${text} ${words[text === '1' ? 0 : 1]}`;
  }

  private plain(value: number): string {
    if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value < 0 ? '-∞' : '∞';
    const [point, group] = isGerman(this.locale) ? [',', '.'] : ['.', ','];
    const rounded = roundedHalfUp(Math.abs(value), this.most);
    const [whole = '0', fraction = ''] = rounded.split('.');
    let digits = fraction;
    while (digits.length > this.least && digits.endsWith('0')) digits = digits.slice(0, -1);
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, group);
    const sign = value < 0 || Object.is(value, -0) ? '-' : '';
    return sign + grouped + (digits ? point + digits : '');
  }
}

/** Decimal as people round it, of the shortest text that means the number. */
function roundedHalfUp(value: number, digits: number): string {
  const [mantissa, exponent = '0'] = String(value).split('e');
  const shifted = Math.round(Number(`${mantissa}e${Number(exponent) + digits}`));
  if (!Number.isFinite(shifted) || shifted >= 1e21) return value.toFixed(digits);
  const text = shifted.toFixed(0).padStart(digits + 1, '0');
  return digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text;
}

const hour = 3_600_000;

/** Central European Time: an hour ahead, two from the last Sunday of March to that of October, at one o'clock UTC. */
function offsetOf(time: number): number {
  const year = new Date(time).getUTCFullYear();
  const lastSunday = (month: number) => {
    const last = new Date(Date.UTC(year, month + 1, 0));
    return Date.UTC(year, month, last.getUTCDate() - last.getUTCDay(), 1);
  };
  return time >= lastSunday(2) && time < lastSunday(9) ? 2 * hour : hour;
}

const months = {
  de: ['Jan.', 'Feb.', 'März', 'Apr.', 'Mai', 'Juni', 'Juli', 'Aug.', 'Sept.', 'Okt.', 'Nov.', 'Dez.'],
  en: ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sept', 'Oct', 'Nov', 'Dec']
};
const two = (value: number) => String(value).padStart(2, '0');

interface Part {
  type: string;
  value: string;
}

export class DateTimeFormat {
  constructor(
    private readonly locale: Locale,
    private readonly options: Record<string, unknown> = {}
  ) {}

  format(time: number): string {
    const local = new Date(time + offsetOf(time));
    const { dateStyle, timeStyle } = this.options;
    const day = dateStyle ? this.day(local, dateStyle as string) : '';
    const clock = timeStyle || this.options.hour ? this.clock(local) : '';
    return [day, clock].filter(Boolean).join(', ');
  }

  formatToParts(time: number): Part[] {
    const local = new Date(time + offsetOf(time));
    return [
      { type: 'day', value: two(local.getUTCDate()) },
      { type: 'month', value: two(local.getUTCMonth() + 1) },
      { type: 'year', value: String(local.getUTCFullYear()) },
      { type: 'hour', value: two(local.getUTCHours()) },
      { type: 'minute', value: two(local.getUTCMinutes()) },
      { type: 'second', value: two(local.getUTCSeconds()) }
    ];
  }

  private day(local: Date, style: string): string {
    const [day, month, year] = [local.getUTCDate(), local.getUTCMonth(), local.getUTCFullYear()];
    if (isGerman(this.locale)) return `${two(day)}.${two(month + 1)}.${style === 'short' ? two(year % 100) : year}`;
    return style === 'short' ? `${two(day)}/${two(month + 1)}/${year}` : `${day} ${months.en[month]} ${year}`;
  }

  private clock(local: Date): string {
    const clock = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}`;
    return this.options.second ? `${clock}:${two(local.getUTCSeconds())}` : clock;
  }
}

const short: Record<string, Record<string, [one: string, many: string]>> = {
  de: { second: ['Sek.', 'Sek.'], minute: ['Min.', 'Min.'], hour: ['Std.', 'Std.'], day: ['Tag', 'Tagen'] },
  en: { second: ['sec', 'sec'], minute: ['min', 'min'], hour: ['hr', 'hr'], day: ['day', 'days'] }
};

export class RelativeTimeFormat {
  constructor(private readonly locale: Locale) {}

  format(amount: number, unit: string): string {
    const german = isGerman(this.locale);
    const text = new NumberFormat(this.locale).format(Math.abs(amount));
    const [one, many] = short[german ? 'de' : 'en']![unit]!;
    const word = Math.abs(amount) === 1 ? one : many;
    const isPast = amount < 0 || Object.is(amount, -0);
    if (german) return `${isPast ? 'vor' : 'in'} ${text} ${word}`;
    return isPast ? `${text} ${word} ago` : `in ${text} ${word}`;
  }
}

export class ListFormat {
  constructor(private readonly locale: Locale) {}

  format(words: string[]): string {
    const and = isGerman(this.locale) ? ' und ' : ' and ';
    return words.length < 2 ? words.join('') : words.slice(0, -1).join(', ') + and + words.at(-1)!;
  }
}
