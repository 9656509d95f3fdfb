// What the server's JavaScript engine lacks of what browsers have and our pages use while they are rendered.
import * as intl from './intl';

class Parameters {
  private readonly pairs: [string, string][];

  constructor(from: Record<string, string> | [string, string][] = []) {
    this.pairs = Array.isArray(from) ? from : Object.entries(from);
  }

  toString(): string {
    const coded = (text: string) =>
      encodeURIComponent(text)
        .replaceAll('%20', '+')
        .replace(/[!'()~]/g, (sign) => '%' + sign.charCodeAt(0).toString(16).toUpperCase());
    return this.pairs.map(([name, value]) => `${coded(name)}=${coded(value)}`).join('&');
  }
}

const world = globalThis as Record<string, unknown>;
world.Intl ??= intl;
world.URLSearchParams ??= Parameters;
