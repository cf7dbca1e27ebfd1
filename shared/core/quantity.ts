/** A number with its noun: `1 manifest`, `2 manifests`. For nouns whose plural is made with an s. */
export function quantity(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
