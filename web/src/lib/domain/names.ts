/** A name that no context shortens is an address; its last part says what is meant. */
export function shortName(name: string): string {
  return name.slice(name.search(/[^/#]*$/));
}
