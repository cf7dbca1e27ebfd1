import { matchesRepository } from '../pattern.ts';
import { repositoryNames } from '../repository-alias.ts';
import type { Usage, UsageAnswer } from '../usage.ts';

/**
 * What it means for a repository's image that no source names it. `complete`: it is not in use.
 * `best effort`: most likely not; a policy may trust that. `unknown`: nothing at all.
 */
export type UsageStanding =
  | { readonly kind: 'complete' }
  | { readonly kind: 'best effort' | 'unknown'; readonly reason: string };

/**
 * How much silence about a repository is worth. Only sources that could name it are asked. One that did not
 * answer makes everything unknown; without any nothing is known; and one complete answer among the rest is
 * needed, or the policy's word that best effort will do.
 */
export function standingFor(usage: Usage, repository: string): UsageStanding {
  if (usage.answers.length === 0) return { kind: 'unknown', reason: 'no in-use source is configured' };
  const names = usage.answers.some(({ repositories }) => repositories !== undefined)
    ? repositoryNames(repository)
    : [];
  const asked = usage.answers.filter((answer) => couldName(answer, names));
  for (const answer of asked) {
    if (answer.kind === 'unknown') {
      return { kind: 'unknown', reason: `${answer.source} did not answer: ${answer.reason}` };
    }
  }
  if (asked.some(({ kind }) => kind === 'complete')) return { kind: 'complete' };
  const [vague] = asked;
  return vague === undefined
    ? { kind: 'unknown', reason: 'no in-use source is configured for this repository' }
    : { kind: 'best effort', reason: `${vague.source} answers by best effort only` };
}

function couldName({ repositories }: UsageAnswer, names: readonly string[]): boolean {
  return (
    repositories === undefined ||
    names.some((name) => repositories.some((glob) => matchesRepository(glob, name)))
  );
}
