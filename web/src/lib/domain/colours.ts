// What can be read on a city's own colour.

const six = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i;

/** The colour when it is written as #rrggbb: what a city file says is not trusted further than that. */
export function safeColour(colour: string | undefined): string | undefined {
  return colour && six.test(colour) ? colour : undefined;
}

/** Black or white, whichever has more contrast (WCAG 2.2) on `#rrggbb`. */
export function inkOn(colour: string): '#000' | '#fff' {
  const [red = 0, green = 0, blue = 0] = (six.exec(colour)?.slice(1) ?? []).map((part) => linear(parseInt(part, 16)));
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? '#000' : '#fff';
}

function linear(channel: number): number {
  const part = channel / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}
