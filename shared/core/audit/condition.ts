/** Both are written by people and by Terraform; whatever is not one of these is left to Google to judge. */
const TIME = /^request\.time\s*(<=?|>=?)\s*timestamp\(\s*(["'])([^"']+)\2\s*\)$/;
const NAME = /^resource\.name\s*(?:==\s*(["'])([^"']+)\1|\.\s*startsWith\(\s*(["'])([^"']+)\3\s*\))$/;

/**
 * Whether a condition can't hold: it has run out, has not begun, or names another resource. Everything that
 * this does not understand may hold: a grant is only left out where it certainly means nothing here.
 * @param expression Common Expression Language, as in https://cloud.google.com/iam/docs/conditions-overview
 * @param resourceName the relative name, `projects/_/buckets/B` or `projects/P/locations/L/repositories/R`;
 * null where conditions about names are not judged
 */
export function neverHolds(expression: string, resourceName: string | null, nowMs: number): boolean {
  // In a disjunction one false part says nothing, a negation turns it round, a comment hides it; and a text
  // that holds what parts are split at, or an escape, may be no text where it seems to end.
  if (/\|\||[!?\\]|\/\/|'''|"""/.test(expression)) return false;
  for (const [text] of expression.matchAll(/"[^"]*"|'[^']*'/g)) if (text.includes('&&')) return false;
  return expression
    .split('&&')
    .map((part) =>
      part
        .trim()
        .replace(/^\(([^()]*(?:\([^()]*\))?[^()]*)\)$/, '$1')
        .trim(),
    )
    .some((part) => isOver(part, nowMs) || (resourceName !== null && isElsewhere(part, resourceName)));
}

function isOver(part: string, nowMs: number): boolean {
  const [, operator = '', , text = ''] = TIME.exec(part) ?? [];
  const atMs = /^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs)) return false;
  // A grant that begins later is no grant now, but will be one: only what is over counts as nothing.
  return operator.startsWith('<') && nowMs > atMs;
}

/** Only names of the same kind are compared: the project in a name may be an id or a number. */
function isElsewhere(part: string, resourceName: string): boolean {
  const [, , exact, , prefix] = NAME.exec(part) ?? [];
  const named = exact ?? prefix;
  const BUCKETS = 'projects/_/buckets/';
  if (named === undefined || !named.startsWith(BUCKETS) || !resourceName.startsWith(BUCKETS)) return false;
  const isBelow = named === resourceName || named.startsWith(`${resourceName}/`);
  const isAbove = prefix !== undefined && resourceName.startsWith(prefix);
  return !isBelow && !isAbove;
}
