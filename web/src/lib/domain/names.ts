/** A name that no context shortens is an address; its last part says what is meant. */
export function shortName(name: string): string {
  return name.slice(name.search(/[^/#]*$/));
}

/**
 * One spelling for all: "Straße", "Strasse" and "Str." are the same, so are "Möller", "Moeller" and "Moller".
 * Hyphens and full stops part words.
 */
export function folded(text: string): string {
  return text
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .replace(/([aou])e/g, '$1')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .replace(/str(?= |$)/g, 'strasse')
    .trim();
}

const orders = new Map<string, string>();

/** The order of names in a list: the same in every browser and on the server. */
export function compareNames(a: string, b: string): number {
  const key = (name: string) => {
    const known = orders.get(name);
    if (known !== undefined) return known;
    const made = folded(name);
    orders.set(name, made);
    return made;
  };
  const [left, right] = [key(a), key(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
