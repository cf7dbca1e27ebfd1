/** One challenge of a `WWW-Authenticate` header (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. A parameter that is given twice is left out: nobody knows which one is meant. */
  readonly parameters: ReadonlyMap<string, string>;
}

const HEADER_LENGTH_MAX = 8_192;
const CHALLENGES_MAX = 16;

const SCHEME = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
/**
 * `name=value`, value quoted or bare. gcr.io sends `service=gcr.io` without quotes, so a bare value may hold
 * everything up to the next comma or blank (a token in RFC 9110 may not hold `/` or `:`, realms do).
 */
const PARAMETER =
  /([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\[\s\S])*)"|([^\s",=][^\s",]*))[ \t]*(?=,|$)/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*[ \t]*(?=,|$)/y;
const GAP = /[ \t,]*/y;
const BLANKS = /[ \t]+/y;

/**
 * Reads challenges, several a header and several headers. Stops at what can't be read and returns what came
 * before it; never throws.
 */
export function parseChallenges(header: string | readonly string[] | undefined): Challenge[] {
  const found: Challenge[] = [];
  for (const text of header === undefined ? [] : typeof header === 'string' ? [header] : header) {
    if (text.length <= HEADER_LENGTH_MAX) readHeader(text, found);
  }
  return found.slice(0, CHALLENGES_MAX);
}

function readHeader(text: string, found: Challenge[]): void {
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  take(GAP);
  while (at < text.length && found.length < CHALLENGES_MAX) {
    const scheme = take(SCHEME)?.[0];
    if (scheme === undefined) return;
    const parameters = new Map<string, string>();
    const twice = new Set<string>();
    take(BLANKS);
    let parameter = take(PARAMETER);
    // A scheme ends with the header or a comma, or is followed by something that can be read.
    const isRead = parameter !== null || take(TOKEN68) !== null || at === text.length || text[at] === ',';
    if (!isRead) return;
    while (parameter !== null) {
      const name = (parameter[1] ?? '').toLowerCase();
      if (parameters.has(name)) twice.add(name);
      parameters.set(name, parameter[2]?.replace(/\\([\s\S])/g, '$1') ?? parameter[3] ?? '');
      take(GAP);
      parameter = take(PARAMETER);
    }
    for (const name of twice) parameters.delete(name);
    found.push({ scheme: scheme.toLowerCase(), parameters });
    take(GAP);
  }
}
