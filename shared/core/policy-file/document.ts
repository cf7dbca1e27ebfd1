import { type Document, isAlias, isMap, isScalar, isSeq, type Node, parseDocument } from 'yaml';
import type { Keyword } from './keyword.ts';
import { ALIASES_MAX, ENTRIES_MAX, LINE_MAX, TEXT_MAX, YAML_ERRORS_MAX } from './limits.ts';
import type { PolicyProblemCode } from './problem.ts';
import { lookAlike, nearest, quoted } from './spelling.ts';

/** A problem while its document is still being read. */
export interface FoundProblem {
  readonly code: PolicyProblemCode;
  /** Of the first character concerned, in the whole file. */
  readonly offset: number;
  readonly message: string;
}

/** One key of a mapping with its value. */
export interface Entry {
  readonly key: string;
  readonly keyOffset: number;
  /** null where nothing stands after the key. */
  readonly value: Node | null;
}

/** One document of a file, as text. */
export interface DocumentText {
  readonly offset: number;
  readonly text: string;
}

/**
 * Cuts a file at its `---` lines. YAML lets nothing else begin a line like that, not even inside a quoted text
 * (YAML 1.2.2, 9.1.2 "Document Markers"), so that a document with an open quote can't swallow the next one.
 */
export function cutDocuments(text: string): DocumentText[] {
  const starts = Array.from(text.matchAll(/(?<![^\n])---(?![^ \t\r\n])/g), (match) => match.index);
  if (starts[0] !== 0) starts.unshift(0);
  return starts.map((offset, at) => ({ offset, text: text.slice(offset, starts[at + 1]) }));
}

/**
 * Characters that a reviewer can't see or that show a line in another order than it is read (as in "Trojan
 * Source", CVE-2021-42574).
 */
const UNSEEN = /(?![\t\n\r])\p{Cc}|\r(?!\n)|[\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u;

/** What most texts are made of, and nothing unseen is: told apart in a fraction of the time. */
const PLAIN = /^[\t\n -~]*$/;

function unseenIn(text: string): RegExpExecArray | null {
  return PLAIN.test(text) ? null : UNSEEN.exec(text);
}

const YAML_HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces, not with tabs',
  MULTIPLE_DOCS: 'begin each document with a line ---',
  NON_STRING_KEY: 'a key is a plain text',
};

const TOO_DEEP = 'This is nested too deeply for a policy.';

/** Where the parser ran out of stack; how deep that is differs, and the error's code and place with it. */
function isTooDeep({ code, message }: { readonly code: string; readonly message: string }): boolean {
  return code === 'RESOURCE_EXHAUSTION' || message.includes('call stack');
}

/** The first line over the limit. */
function longLine(text: string): { offset: number; length: number } | null {
  for (let offset = 0; text.length - offset > LINE_MAX; ) {
    const end = text.indexOf('\n', offset);
    const length = (end === -1 ? text.length : end) - offset;
    if (length > LINE_MAX) return { offset, length };
    if (end === -1) break;
    offset = end + 1;
  }
  return null;
}

/** Reads one document's nodes, and collects everything that is wrong on the way. */
export class DocumentReader {
  readonly problems: FoundProblem[] = [];
  /** Whether the text is YAML. Where it is not, `root` is only what could be made out of it. */
  readonly isYaml: boolean;
  readonly root: Node | null;
  readonly #document: Document.Parsed | null;
  readonly #offset: number;
  #aliases = 0;
  /** Where the character stands that was told of, in the document; null where there is none. */
  readonly #unseenAt: number | null;

  constructor(part: DocumentText) {
    this.#offset = part.offset;
    this.#document = this.#parse(part.text);
    const errors = this.#document?.errors ?? [];
    if (errors.some(isTooDeep)) this.report('POLICY_YAML', 0, TOO_DEEP);
    else {
      for (const error of errors.slice(0, YAML_ERRORS_MAX)) {
        const why = YAML_HINTS[error.code] ?? error.message.replace(/\.$/, '');
        this.report('POLICY_YAML', error.pos[0], `This is not YAML: ${why}.`);
      }
    }
    this.isYaml = this.#document !== null && errors.length === 0;
    this.root = this.#document?.contents ?? null;
    const unseen = unseenIn(part.text);
    this.#unseenAt = unseen?.index ?? null;
    if (unseen !== null) {
      this.report(
        'POLICY_CHARACTER',
        unseen.index,
        `Here is a character that can't be seen or changes how the line is shown${lookAlike(unseen[0])}: remove it.`,
      );
    }
    const yaml = this.#document?.directives.yaml;
    if (yaml?.explicit === true) {
      this.report(
        'POLICY_YAML_UNSUPPORTED',
        0,
        'Policies are YAML 1.2 and need no directive: remove the line that begins with %.',
      );
    }
  }

  #parse(text: string): Document.Parsed | null {
    const long = longLine(text);
    if (long !== null) {
      this.report(
        'POLICY_TOO_MANY',
        long.offset,
        `The line has ${long.length} characters, and at most ${LINE_MAX} are read. Break it up.`,
      );
      return null;
    }
    // One text of quotes is 60,000 errors, and a stack trace for each would be most of the time and memory.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return parseDocument(text, {
        version: '1.2',
        schema: 'core',
        stringKeys: true,
        resolveKnownTags: false,
        // Both cost time that grows with the square of the file; positions and duplicates are found below.
        prettyErrors: false,
        uniqueKeys: false,
        // With 'silent' a second document after "..." would be dropped without an error.
        logLevel: 'error',
      });
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown;
      this.report('POLICY_YAML', 0, TOO_DEEP);
      return null;
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  /** Whether there is nothing in it: no document, or one without content. */
  get isEmpty(): boolean {
    const { root } = this;
    return this.isYaml && (root === null || (isScalar(root) && root.value === null && root.source === ''));
  }

  /** Where a node begins in the whole file. */
  offsetOf(node: Node): number {
    return this.#offset + (node.range?.[0] ?? 0);
  }

  /** Where the document's content begins in the whole file. */
  get startOffset(): number {
    return this.root === null ? this.#offset : this.offsetOf(this.root);
  }

  /** @param at a node, an entry (its value, or its key where there is none), or an offset within the document */
  report(code: PolicyProblemCode, at: Node | Entry | number, message: string): void {
    const offset =
      typeof at === 'number'
        ? this.#offset + at
        : 'keyOffset' in at
          ? at.value === null
            ? at.keyOffset
            : this.offsetOf(at.value)
          : this.offsetOf(at);
    this.problems.push({ code, offset, message });
  }

  /** A problem with a key rather than with its value. */
  reportKey(code: PolicyProblemCode, entry: Entry, message: string): void {
    this.problems.push({ code, offset: entry.keyOffset, message });
  }

  /** Follows an alias and refuses what policies have no use for. null: reported, or nothing there. */
  #follow(node: Node | null, what: string): Node | null {
    if (node === null) return null;
    let found = node;
    if (isAlias(node)) {
      this.#aliases += 1;
      if (this.#aliases > ALIASES_MAX) {
        if (this.#aliases === ALIASES_MAX + 1) {
          this.report('POLICY_TOO_MANY', node, `A document has at most ${ALIASES_MAX} aliases.`);
        }
        return null;
      }
      const resolved = this.#document === null ? undefined : node.resolve(this.#document);
      if (resolved === undefined || isAlias(resolved)) {
        this.report(
          'POLICY_YAML',
          node,
          `There is no anchor &${node.source.slice(0, 80)}. A pattern that begins with * has to be in quotes: "*${node.source.slice(0, 80)}".`,
        );
        return null;
      }
      found = resolved;
    }
    if (found.tag !== undefined) {
      this.report(
        'POLICY_YAML_UNSUPPORTED',
        found,
        `${what} has the YAML tag ${quoted(found.tag)}, and policies know none. A pattern that begins with ! has to be in quotes.`,
      );
      return null;
    }
    return found;
  }

  /** The entries of a mapping by key. null: reported. Unknown and doubled keys are reported and left out. */
  mapping(
    node: Node | null,
    at: Node | Entry,
    what: string,
    keywords: Readonly<Record<string, Keyword>>,
  ): ReadonlyMap<string, Entry> | null {
    const entries = this.entries(node, at, what);
    if (entries === null) return null;
    const names = Object.keys(keywords);
    const found = new Map<string, Entry>();
    for (const entry of entries) {
      if (!Object.hasOwn(keywords, entry.key)) {
        this.reportKey('POLICY_UNKNOWN_KEY', entry, unknownKey(entry.key, what, names));
      } else if (found.has(entry.key)) {
        this.reportKey(
          'POLICY_DUPLICATE_KEY',
          entry,
          `${entry.key} stands twice in ${what}: keep one of them.`,
        );
      } else {
        found.set(entry.key, entry);
      }
    }
    return found;
  }

  /** The entries of a mapping with any keys, in their order. null: reported. */
  entries(node: Node | null, at: Node | Entry, what: string): readonly Entry[] | null {
    const before = this.problems.length;
    const found = this.#follow(node, capital(what));
    if (found === null || !isMap(found)) {
      if (this.problems.length === before) {
        this.report(
          'POLICY_TYPE',
          node ?? at,
          `${capital(what)} is a mapping, \`key: value\`; here is ${kindOf(found)}.`,
        );
      }
      return null;
    }
    if (found.items.length > ENTRIES_MAX) {
      this.report(
        'POLICY_TOO_MANY',
        found,
        `${capital(what)} has ${found.items.length} entries, and at most ${ENTRIES_MAX} are read.`,
      );
      return null;
    }
    return found.items.map((pair) => {
      const key = isScalar(pair.key) ? pair.key : null;
      const value = pair.value as Node | null;
      return {
        key: String(key?.value ?? ''),
        keyOffset: key === null ? this.offsetOf(found) : this.offsetOf(key),
        value: isScalar(value) && value.value === null && value.source === '' ? null : value,
      };
    });
  }

  /**
   * The items of a list. null: reported.
   * @param single what a value that is no list counts as; null where only a list will do
   */
  list(entry: Entry, single: 'a list of one' | null = 'a list of one'): readonly Node[] | null {
    const before = this.problems.length;
    const found = this.#follow(entry.value, entry.key);
    if (found === null) {
      if (this.problems.length === before) this.report('POLICY_TYPE', entry, `${entry.key} has no value.`);
      return null;
    }
    if (!isSeq(found)) {
      if (single !== null) return [found];
      this.report(
        'POLICY_TYPE',
        entry,
        `${entry.key} is a list: begin each entry with a dash, \`- name: { … }\`; here is ${kindOf(found)}.`,
      );
      return null;
    }
    if (found.items.length === 0) {
      this.report(
        'POLICY_TYPE',
        found,
        `${entry.key} is an empty list: write an entry, or leave the key out.`,
      );
      return null;
    }
    if (found.items.length > ENTRIES_MAX) {
      this.report(
        'POLICY_TOO_MANY',
        found,
        `${entry.key} has ${found.items.length} entries, and at most ${ENTRIES_MAX} are read.`,
      );
      return null;
    }
    return found.items as Node[];
  }

  /** A scalar's value with its source text. null: reported. */
  scalar(
    node: Node | null,
    at: Node | Entry,
    what: string,
    wanted: string,
  ): { value: unknown; source: string } | null {
    const before = this.problems.length;
    const found = this.#follow(node, what);
    if (found !== null && isScalar(found)) {
      const source = found.source ?? String(found.value);
      return { value: found.value, source };
    }
    if (this.problems.length === before) {
      this.report('POLICY_TYPE', node ?? at, `${what} is ${wanted}; here is ${kindOf(found)}.`);
    }
    return null;
  }

  /** A text that is not empty. A number or a boolean is none: `1.10` would silently become 1.1. null: reported. */
  text(
    node: Node | null,
    at: Node | Entry,
    what: string,
    wanted = 'a text',
    unquoted: 'may be meant' | 'is wrong' = 'may be meant',
  ): string | null {
    const found = this.scalar(node, at, what, wanted);
    if (found === null) return null;
    const place = node ?? at;
    if (typeof found.value !== 'string') {
      const source = found.source.slice(0, 80);
      const hint =
        source === '' || unquoted === 'is wrong'
          ? ''
          : ` If the text ${source} is meant, put it in quotes: "${source}".`;
      this.report('POLICY_TYPE', place, `${what} is ${wanted}; here is ${kindOfValue(found.value)}.${hint}`);
      return null;
    }
    if (found.value === '') {
      this.report('POLICY_TYPE', place, `${what} is ${wanted}; here it is empty.`);
      return null;
    }
    if (found.value.length > TEXT_MAX) {
      this.report(
        'POLICY_TOO_MANY',
        place,
        `${what} has ${found.value.length} characters, and at most ${TEXT_MAX} are read.`,
      );
      return null;
    }
    // A double-quoted text can spell such a character as an escape, which the raw file does not show.
    if (unseenIn(found.value) !== null) {
      if (!this.#isTold(node))
        this.report('POLICY_CHARACTER', place, `${what} holds a character that can't be seen: remove it.`);
      return null;
    }
    return found.value;
  }

  /** Whether a node holds the character that was told of already. */
  #isTold(node: Node | null): boolean {
    const [from = 0, to = 0] = node?.range ?? [];
    return this.#unseenAt !== null && from <= this.#unseenAt && this.#unseenAt < to;
  }

  /** One of a few words. null: reported. */
  choice<T extends string>(entry: Entry, choices: readonly T[]): T | null {
    const wanted = choices.join(' or ');
    const text = this.text(entry.value, entry, entry.key, wanted);
    if (text === null) return null;
    const found = choices.find((one) => one === text);
    if (found === undefined) {
      const near = nearest(text, choices);
      this.report(
        'POLICY_VALUE',
        entry,
        `${entry.key} is ${wanted}, not ${quoted(text)}.${near === null ? '' : ` Did you mean ${near}?`}`,
      );
      return null;
    }
    return found;
  }

  /** true or false; in YAML 1.2 `yes`, `on` and their like are texts. null: reported. */
  flag(entry: Entry): boolean | null {
    const found = this.scalar(entry.value, entry, entry.key, 'true or false');
    if (found === null) return null;
    if (typeof found.value === 'boolean') return found.value;
    this.report('POLICY_TYPE', entry, `${entry.key} is true or false, not ${quoted(found.source)}.`);
    return null;
  }

  /** A whole number between 1 and `max`. null: reported. */
  count(entry: Entry, max: number): number | null {
    const wanted = `a whole number from 1 to ${max}`;
    const found = this.scalar(entry.value, entry, entry.key, wanted);
    if (found === null) return null;
    if (typeof found.value !== 'number') {
      this.report('POLICY_TYPE', entry, `${entry.key} is ${wanted}, not the text ${quoted(found.source)}.`);
      return null;
    }
    if (!Number.isInteger(found.value) || found.value < 1 || found.value > max) {
      this.report('POLICY_COUNT', entry, `${entry.key} is ${wanted}, not ${found.source.slice(0, 80)}.`);
      return null;
    }
    return found.value;
  }
}

/** Begins a sentence with a description; a key stays as it is written. */
function capital(text: string): string {
  if (!text.includes(' ')) return text;
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function unknownKey(key: string, what: string, names: readonly string[]): string {
  if (key === '<<') return 'Merge keys (<<) are not supported: write the keys out.';
  const near = nearest(key, names);
  const suggestion = near === null ? `Known are ${names.join(', ')}.` : `Did you mean \`${near}\`?`;
  return `${quoted(key)} is no key of ${what}. ${suggestion}`;
}

function kindOfValue(value: unknown): string {
  if (value === null) return 'nothing';
  if (typeof value === 'boolean') return `the boolean ${String(value)}`;
  return typeof value === 'number' || typeof value === 'bigint' ? 'a number' : 'a text';
}

function kindOf(node: Node | null): string {
  if (node === null) return 'nothing';
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  return isScalar(node) ? kindOfValue(node.value) : 'something else';
}
