import { WardenError } from '../../core/error.ts';
import type { Completeness } from '../../core/listing.ts';
import { formatRepository, parseRepository, type Target } from '../../core/reference.ts';
import { RegistryError } from './registry-error.ts';
import type { Session } from './session.ts';
import { readTagsList } from './tags-list.ts';

/** Each is a listing of its own; a catalog of this size is read with ten requests. */
const REPOSITORIES_MAX = 10_000;
const DEPTH_MAX = 32;

/** What lies at and below a target, as the repositories themselves name what is below them. */
export interface ChildWalk {
  /** `HOST/NAME` of those that hold anything. */
  readonly repositories: readonly string[];
  /** `complete` only where the registry has shown that it names children, and all of them could be read. */
  readonly completeness: Completeness;
}

/**
 * Goes from a target down by Google's `child`, for registries that keep their catalog to themselves. Never
 * throws for what a registry answers.
 */
export async function walkChildren(session: Session, target: Target): Promise<ChildWalk> {
  const found: string[] = [];
  const waiting = [{ name: target.prefix, depth: 0 }];
  let problem: string | null = null;
  let hasChildren = false;
  for (let asked = 0, at = waiting.shift(); at !== undefined; at = waiting.shift(), asked += 1) {
    if (asked === REPOSITORIES_MAX || at.depth > DEPTH_MAX) {
      problem ??= `more than ${REPOSITORIES_MAX} repositories, or deeper than ${DEPTH_MAX}, were not asked for what is below them`;
      break;
    }
    try {
      const repository = parseRepository(`${target.host}/${at.name}`);
      const { told, walk } = await readTagsList(session, repository);
      if (told.size > 0) found.push(formatRepository(repository));
      if (walk.kind !== 'complete') problem ??= `${at.name}: ${walk.reason}`;
      else if (told.childrenAre === 'unreadable') problem ??= `${at.name} names children that can't be read`;
      hasChildren ||= told.children.size > 0;
      for (const child of told.children) waiting.push({ name: `${at.name}/${child}`, depth: at.depth + 1 });
    } catch (thrown) {
      if (!(thrown instanceof WardenError)) throw thrown;
      // A project alone is no repository to Artifact Registry, and a repository that is gone has no children.
      if (!isNone(thrown)) problem ??= `${at.name}: ${thrown.message}`;
    }
  }
  if (!hasChildren) problem ??= 'it names nothing below it';
  return {
    repositories: found,
    completeness: problem === null ? { kind: 'complete' } : { kind: 'incomplete', reason: problem },
  };
}

function isNone(failure: WardenError): boolean {
  return (
    failure instanceof RegistryError &&
    failure.complaints.some(({ code }) => code === 'NAME_UNKNOWN' || code === 'NAME_INVALID')
  );
}
