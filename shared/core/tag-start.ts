import type { TagPattern } from './policy.ts';

/** The characters with which a tag can begin (OCI distribution specification, "Pull"): `[a-zA-Z0-9_]`. */
const STARTS: ReadonlySet<string> = new Set(
  '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz',
);
const DIGITS = '0123456789';

/**
 * The characters with which a tag that the pattern matches can begin, or null where that is not plain to see.
 * Never too few: who goes by them skips only what can't match. It says nothing of a text that begins with
 * something else than a tag can begin with.
 */
export function startsOf({ kind, text }: TagPattern): ReadonlySet<string> | null {
  switch (kind) {
    case 'exact':
    case 'prefix':
      return text === '' ? null : new Set(text.slice(0, 1));
    case 'glob':
      return text === '' || text.startsWith('*') || text.startsWith('?') ? null : new Set(text.slice(0, 1));
    case 'semver':
      return new Set(`v${DIGITS}`);
    case 'regex':
      return new RegexStart(text).read();
  }
}

/** What a piece of a regular expression can begin with. */
interface Piece {
  readonly starts: ReadonlySet<string>;
  /** Whether it may match nothing, so that what follows it can be the beginning as well. */
  readonly mayBeEmpty: boolean;
}

const NOWHERE: Piece = { starts: new Set(), mayBeEmpty: true };

/** Whatever this reader does not know: flags, negated classes, `.`, named classes, escapes beyond the usual. */
class Unreadable extends Error {}

/**
 * Reads how a regular expression begins, in the part of RE2's syntax that tag patterns are written in
 * (https://github.com/google/re2/wiki/Syntax). That it is a valid one was checked before.
 */
class RegexStart {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): ReadonlySet<string> | null {
    // Without an anchor it is found anywhere.
    if (!this.#take('^')) return null;
    try {
      const { starts, mayBeEmpty } = this.#sequence();
      // At a `|` that no group holds another alternative begins, which the anchor is not part of.
      return mayBeEmpty || this.#at < this.#text.length ? null : starts;
    } catch (problem) {
      if (problem instanceof Unreadable) return null;
      throw problem;
    }
  }

  #take(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false;
    this.#at += expected.length;
    return true;
  }

  /** Up to the end, a `|` or a `)`. */
  #sequence(): Piece {
    const starts = new Set<string>();
    let mayBeEmpty = true;
    while (this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at] ?? '')) {
      const piece = this.#repeated(this.#piece());
      if (mayBeEmpty) for (const start of piece.starts) starts.add(start);
      mayBeEmpty &&= piece.mayBeEmpty;
    }
    return { starts, mayBeEmpty };
  }

  #piece(): Piece {
    const one = this.#text[this.#at] ?? '';
    this.#at += 1;
    switch (one) {
      case '^':
      case '$':
        return NOWHERE;
      case '(':
        return this.#group();
      case '[':
        return { starts: this.#class(), mayBeEmpty: false };
      case '\\':
        return { starts: this.#escaped(), mayBeEmpty: false };
      case '.':
      case '*':
      case '+':
      case '?':
      case '{':
        throw new Unreadable();
      default:
        return { starts: new Set([one]), mayBeEmpty: false };
    }
  }

  #group(): Piece {
    if (this.#take('?') && !this.#take(':')) {
      const name = /^P?<\w+>/.exec(this.#text.slice(this.#at))?.[0];
      if (name === undefined) throw new Unreadable();
      this.#at += name.length;
    }
    const starts = new Set<string>();
    let mayBeEmpty = false;
    do {
      const alternative = this.#sequence();
      for (const start of alternative.starts) starts.add(start);
      mayBeEmpty ||= alternative.mayBeEmpty;
    } while (this.#take('|'));
    if (!this.#take(')')) throw new Unreadable();
    return { starts, mayBeEmpty };
  }

  #class(): ReadonlySet<string> {
    const end = this.#text.indexOf(']', this.#at);
    const inside = this.#text.slice(this.#at, end);
    // A `]` may stand first and mean itself; then there is nothing before it.
    if (end === -1 || !/^[\w.+/-]+$/.test(inside)) throw new Unreadable();
    this.#at = end + 1;
    const starts = new Set<string>();
    for (let at = 0; at < inside.length; at++) {
      const from = inside.charCodeAt(at);
      const isRange = inside[at + 1] === '-' && at + 2 < inside.length;
      const to = isRange ? inside.charCodeAt(at + 2) : from;
      for (let code = from; code <= to; code++) starts.add(String.fromCharCode(code));
      if (isRange) at += 2;
    }
    return starts;
  }

  #escaped(): ReadonlySet<string> {
    const one = this.#text[this.#at] ?? '';
    this.#at += 1;
    if (one === 'd') return new Set(DIGITS);
    if (one === 'w') return STARTS;
    if (one === '' || /\w/.test(one)) throw new Unreadable();
    return new Set([one]);
  }

  #repeated(piece: Piece): Piece {
    const repeat = /^(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??/.exec(this.#text.slice(this.#at))?.[0];
    if (repeat === undefined) return piece;
    this.#at += repeat.length;
    return /^(?:[*?]|\{0)/.test(repeat) ? { ...piece, mayBeEmpty: true } : piece;
  }
}
