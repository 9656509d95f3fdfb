// How finely a quantity is drawn and written: a chart never blows up what is mere noise, and decimals follow its span.

/** The least span of an axis by unit sign: below it a change means nothing to a reader. */
const leastSpans: Record<string, number> = {
  '°C': 2,
  '%': 5,
  hPa: 4,
  mbar: 4,
  m: 0.1,
  cm: 10,
  mm: 1,
  'm/s': 2,
  'km/h': 5,
  '°': 45,
  'µg/m³': 5,
  ppm: 50,
  ppb: 5,
  'W/m²': 50,
  lx: 20,
  dB: 5,
  dBm: 10,
  V: 0.5,
  A: 0.5,
  W: 10,
  kWh: 1,
  pH: 0.5
};

/** Lowest and highest value of the axis. */
export function domainOf(low: number, high: number, unit: string): [number, number] {
  const least = leastSpans[unit] ?? Math.max(Math.abs(high), Math.abs(low), 1) * 0.05;
  const missing = least - (high - low);
  if (missing <= 0) return [low, high];
  // What cannot be below nothing is not drawn as if it were.
  const bottom = low >= 0 ? Math.max(0, low - missing / 2) : low - missing / 2;
  return [bottom, bottom + least];
}

/** Decimals that tell values of an axis apart: a hundredth of its span, three at most. */
export function digitsOf([low, high]: [number, number]): number {
  const span = high - low;
  return span > 0 ? Math.min(3, Math.max(0, Math.ceil(-Math.log10(span / 20)))) : 0;
}
