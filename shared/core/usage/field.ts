/** An object out of a reply. */
export type Json = Readonly<Record<string, unknown>>;

/** The object, or an empty one where it is something else. */
export function record(value: unknown): Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Json) : {};
}

/** The objects of a list, or none where it is something else. */
export function records(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(record) : [];
}

/** The text, or null where there is none. */
export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The time of an RFC 3339 text in milliseconds since 1970, or null where it is none. */
export function time(value: unknown): number | null {
  const found = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(found) ? found : null;
}

/** What lies at the end of these keys. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((found, key) => record(found)[key], value);
}
