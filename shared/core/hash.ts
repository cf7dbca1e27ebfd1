import { createHash, hash } from 'node:crypto';
import type { Digest } from './digest.ts';

/** The sha256 digest of bytes or of a text in UTF-8. */
export function sha256(content: string | Uint8Array): Digest {
  return `sha256:${hash('sha256', content, 'hex')}`;
}

/** A sha256 digest in the making, for content that is never whole in memory. */
export interface RunningHash {
  readonly update: (content: string | Uint8Array) => void;
  readonly digest: () => Digest;
}

export function startHash(): RunningHash {
  const hash = createHash('sha256');
  return {
    update: (content) => {
      hash.update(content);
    },
    digest: () => `sha256:${hash.digest('hex')}`,
  };
}

/**
 * JSON with the keys of every object sorted, so that equal values are equal bytes whatever order they were
 * built in. Only for plain JSON values.
 */
export function canonicalJson(value: unknown): string {
  return textOf(value, new Map()) ?? JSON.stringify(value);
}

/**
 * What was found under a key last, and its text. Much of a plan is the same object in many places: the rules that
 * allow a step, the policy's file behind them.
 */
type Last = Map<string, { readonly value: object; readonly text: string | undefined }>;

/** Texts that JSON shows as they are. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** A value's text; undefined where JSON has none, as for undefined itself. */
function textOf(value: unknown, last: Last): string | undefined {
  if (typeof value === 'string') return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return Array.isArray(value) ? listText(value, last) : objectText(value as Record<string, unknown>, last);
}

function listText(list: readonly unknown[], last: Last): string {
  // Where there is no key there is nothing to sort: names of things in a list, of which there are very many.
  if (isList(list)) return JSON.stringify(list);
  let text = '[';
  for (let at = 0; at < list.length; at += 1) {
    const inner = textOf(list[at], last) ?? 'null';
    text += at === 0 ? inner : `,${inner}`;
  }
  return `${text}]`;
}

function objectText(value: Readonly<Record<string, unknown>>, last: Last): string {
  let text = '{';
  for (const key of sortedKeys(value)) {
    const inner = textUnder(key, value[key], last);
    // As JSON leaves them out.
    if (inner === undefined) continue;
    if (text.length > 1) text += ',';
    text += PLAIN.test(key) ? `"${key}":` : `${JSON.stringify(key)}:`;
    text += inner;
  }
  return `${text}}`;
}

function textUnder(key: string, value: unknown, last: Last): string | undefined {
  if (value === null || typeof value !== 'object') return textOf(value, last);
  const found = last.get(key);
  if (found?.value === value) return found.text;
  const text = textOf(value, last);
  last.set(key, { value, text });
  return text;
}

/** Whether a value is a list of texts and numbers, and of such lists. */
function isList(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  return value.every((inner: unknown) => inner === null || typeof inner !== 'object' || isList(inner));
}

/**
 * The keys of an object in the order in which JSON has them when they were sorted: keys that are whole numbers stand
 * first, by number, since JavaScript puts them there in every object.
 */
function sortedKeys(value: Readonly<Record<string, unknown>>): string[] {
  const keys = Object.keys(value);
  let isSorted = true;
  let hasNumber = false;
  for (let at = 0; at < keys.length; at += 1) {
    const key = keys[at] as string;
    if (at > 0 && (keys[at - 1] as string) > key) isSorted = false;
    const first = key.charCodeAt(0);
    if (first >= 0x30 && first <= 0x39) hasNumber = true;
  }
  if (!isSorted) keys.sort();
  return hasNumber ? Object.keys(Object.fromEntries(keys.map((key) => [key, null]))) : keys;
}

function sortKeys(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(sortedKeys(value).map((key) => [key, value[key]]));
}

/** How deep `hashCanonicalJson` takes a value apart: down to the decisions and steps of a plan's repositories. */
const PIECES_DEPTH = 4;
const PIECE_LENGTH = 65_536;

/**
 * The sha256 digest of `canonicalJson(value)`, taken piece by piece: the text of a plan with a million
 * decisions is longer than any string can be (V8: 2^29 characters).
 */
export function hashCanonicalJson(value: unknown): Digest {
  const hash = startHash();
  let text = '';
  const write = (piece: string): void => {
    text += piece;
    if (text.length < PIECE_LENGTH) return;
    hash.update(text);
    text = '';
  };
  const last: Last = new Map();
  const visit = (inner: unknown, depth: number): void => {
    if (depth === PIECES_DEPTH || inner === null || typeof inner !== 'object') {
      write(textOf(inner, last) ?? JSON.stringify(inner));
      return;
    }
    let separator = '';
    if (Array.isArray(inner)) {
      write('[');
      for (const one of inner as unknown[]) {
        write(separator);
        visit(one ?? null, depth + 1);
        separator = ',';
      }
      write(']');
      return;
    }
    write('{');
    for (const [key, one] of Object.entries(sortKeys(inner as Record<string, unknown>))) {
      // As JSON leaves them out.
      if (one === undefined) continue;
      write(`${separator}${JSON.stringify(key)}:`);
      visit(one, depth + 1);
      separator = ',';
    }
    write('}');
  };
  visit(value, 0);
  hash.update(text);
  return hash.digest();
}
