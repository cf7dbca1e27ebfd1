/**
 * RE2 guarantees linear time by what it does at each character, which costs some ten times what a compiled
 * expression of the engine's own takes; with ten expressions over a hundred thousand manifests that was 45 of
 * 700 ms. The engine's own ones backtrack. The expressions that tag patterns mostly are (`^pr-(?<pr>[0-9]+)`,
 * `^(?:tmp|temp|wip)-`, `^[0-9a-f]{7,8}-[0-9]+$`) leave nothing to backtrack for, and mean the same to both.
 * Those are recognised here; whatever else there is stays with RE2.
 *
 * Each is anchored at its beginning and is a sequence of
 * - characters of a set, `min` to `max` of them. Where that is no fixed number nothing that can come next is in
 *   the set: how many there are is then plain, and trying fewer fails at the next character.
 * - alternatives that are words, none of which begins another: at most one of them is there.
 * So each piece can be matched in one way at most, and all of it in time (size of the expression × length).
 */
type Piece =
  | { readonly kind: 'set'; readonly chars: ReadonlySet<string>; readonly min: number; readonly max: number }
  | { readonly kind: 'words'; readonly words: readonly string[] };

/**
 * The same regular expression for the engine's own matcher, or null where it is not plain to see that both find
 * the same in linear time. Only whether it matches is the same: there are no groups.
 *
 * @param text a valid RE2 expression
 */
export function nativeRegex(text: string): RegExp | null {
  const found = new PlainRegex(text).read();
  if (found === null || !isDeterministic(found.pieces)) return null;
  return new RegExp(`^${found.pieces.map(sourceOf).join('')}${found.isAnchored ? '$' : ''}`);
}

/** Characters that stand for themselves in both, also in a set. */
const LITERAL = /^[\w/:]$/;
const ESCAPED_LITERAL = /^[.+/:-]$/;
const SET = /^-?(?:[0-9A-Za-z]-[0-9A-Za-z]|[\w.+/:])+-?$/;
const GROUP_BEGIN = /^\((?:\?:|\?P?<\w+>)?(?!\?)/;
const REPEAT = /^(?:[*+?]|\{([0-9]+)(,([0-9]*))?\})/;
const DIGITS = '0123456789';
const WORD_CHARS = `${DIGITS}ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz`;

/** Reads the part of the syntax that is described above; everything else ends the reading with null. */
class PlainRegex {
  readonly #text: string;
  readonly #pieces: Piece[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): { readonly pieces: readonly Piece[]; readonly isAnchored: boolean } | null {
    if (!this.#take('^') || !this.#sequence()) return null;
    const isAnchored = this.#take('$');
    return this.#at === this.#text.length ? { pieces: this.#pieces, isAnchored } : null;
  }

  #take(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false;
    this.#at += expected.length;
    return true;
  }

  #takeMatch(pattern: RegExp): RegExpExecArray | null {
    const found = pattern.exec(this.#text.slice(this.#at));
    this.#at += found?.[0].length ?? 0;
    return found;
  }

  /** Up to the end, a `)` or a `$`; false where it is not understood. */
  #sequence(): boolean {
    while (this.#at < this.#text.length && !')$'.includes(this.#text[this.#at] ?? '')) {
      if (this.#text[this.#at] === '(') {
        if (!this.#group()) return false;
        continue;
      }
      const chars = this.#chars();
      if (chars === null) return false;
      const repeat = this.#takeMatch(REPEAT);
      if (this.#isRepeated()) return false;
      this.#pieces.push({ kind: 'set', chars, ...countOf(repeat) });
    }
    return true;
  }

  #isRepeated(): boolean {
    return REPEAT.test(this.#text.slice(this.#at));
  }

  #group(): boolean {
    if (this.#takeMatch(GROUP_BEGIN) === null) return false;
    const words = this.#words();
    if (words !== null) this.#pieces.push({ kind: 'words', words });
    else if (!this.#sequence()) return false;
    return this.#take(')') && !this.#isRepeated();
  }

  /** Two words or more, each with something in it; what is read of anything else is not taken. */
  #words(): readonly string[] | null {
    const end = this.#text.indexOf(')', this.#at);
    const words = this.#text.slice(this.#at, end).split('|');
    if (end === -1 || words.length < 2 || !words.every((word) => /^[\w/:-]+$/.test(word))) return null;
    this.#at = end;
    return words;
  }

  /** What one character may be. */
  #chars(): ReadonlySet<string> | null {
    const one = this.#text[this.#at] ?? '';
    this.#at += 1;
    if (LITERAL.test(one) || one === '-') return new Set(one);
    if (one === '[') return this.#set();
    if (one !== '\\') return null;
    const escaped = this.#text[this.#at] ?? '';
    this.#at += 1;
    if (escaped === 'd') return new Set(DIGITS);
    if (escaped === 'w') return new Set(WORD_CHARS);
    return ESCAPED_LITERAL.test(escaped) ? new Set(escaped) : null;
  }

  #set(): ReadonlySet<string> | null {
    const end = this.#text.indexOf(']', this.#at);
    const inside = this.#text.slice(this.#at, end);
    if (end === -1 || !SET.test(inside)) return null;
    this.#at = end + 1;
    const chars = new Set<string>();
    for (const [part] of inside.matchAll(/[0-9A-Za-z]-[0-9A-Za-z]|./g)) {
      const last = part.charCodeAt(part.length - 1);
      for (let code = part.charCodeAt(0); code <= last; code++) chars.add(String.fromCharCode(code));
    }
    return chars;
  }
}

function countOf(repeat: RegExpExecArray | null): { readonly min: number; readonly max: number } {
  if (repeat === null) return { min: 1, max: 1 };
  const [text, min, comma, max] = repeat;
  if (min === undefined)
    return { min: text === '+' ? 1 : 0, max: text === '?' ? 1 : Number.POSITIVE_INFINITY };
  if (comma === undefined) return { min: Number(min), max: Number(min) };
  return { min: Number(min), max: max === '' ? Number.POSITIVE_INFINITY : Number(max) };
}

function isDeterministic(pieces: readonly Piece[]): boolean {
  /** What can come next, from the end to the beginning. */
  let next: ReadonlySet<string> = new Set();
  for (const piece of [...pieces].reverse()) {
    if (piece.kind === 'words') {
      const { words } = piece;
      if (words.some((word, at) => words.some((other, of) => of !== at && other.startsWith(word))))
        return false;
      next = new Set(words.map((word) => word.charAt(0)));
    } else {
      const { chars, min, max } = piece;
      if (min !== max && [...chars].some((one) => next.has(one))) return false;
      next = min === 0 ? new Set([...chars, ...next]) : chars;
    }
  }
  return true;
}

/** Each character by its code, so that none means anything else. */
function escaped(text: string): string {
  return Array.from(text, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');
}

function sourceOf(piece: Piece): string {
  if (piece.kind === 'words') return `(?:${piece.words.map(escaped).join('|')})`;
  const { chars, min, max } = piece;
  const one = chars.size === 1 ? escaped([...chars].join('')) : `[${escaped([...chars].join(''))}]`;
  return min === 1 && max === 1 ? one : `${one}{${min},${max === Number.POSITIVE_INFINITY ? '' : max}}`;
}
