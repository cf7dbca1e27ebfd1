import { WardenError } from '../../core/error.ts';
import type { Catalog, Completeness } from '../../core/listing.ts';
import {
  formatRepository,
  hostKind,
  parseRepository,
  type Target,
  withinTarget,
} from '../../core/reference.ts';
import { CatalogPage } from './catalog-page.ts';
import { walkChildren } from './child-walk.ts';
import { pullScope } from './manifest-source.ts';
import { readOnePage, walkPages } from './page.ts';
import { repositoryPath } from './path.ts';
import { RegistryError } from './registry-error.ts';
import type { Session } from './session.ts';
import { TagsListPage } from './tags-list-page.ts';

/** Distribution refuses more by default (`catalog.maxentries`). */
const PAGE_SIZE = 1_000;

/**
 * The repositories at or below a target. Never throws for what a registry answers. Where the catalog does not
 * name the target, the target itself is asked whether it is a repository; and where it can't be read, or can't
 * be shown to be whole, what lies below the target is looked for by the children that repositories name: many
 * registries keep their catalog to themselves.
 */
export async function readCatalog(session: Session, target: Target): Promise<Catalog> {
  const named = new Set<string>();
  let completeness: Completeness;
  try {
    completeness = await walk(session, target, named);
  } catch (thrown) {
    if (!(thrown instanceof WardenError)) throw thrown;
    completeness = { kind: 'incomplete', reason: thrown.message };
  }
  if (completeness.kind === 'incomplete') {
    const below = await walkChildren(session, target);
    for (const name of below.repositories) named.add(name);
    if (below.completeness.kind === 'complete') completeness = below.completeness;
    return { completeness, repositories: [...named].sort() };
  }
  const itself = { host: target.host, name: target.prefix };
  if (named.size === 0) {
    try {
      if (await isRepository(session, target)) named.add(formatRepository(itself));
    } catch (thrown) {
      if (!(thrown instanceof WardenError)) throw thrown;
      completeness = { kind: 'incomplete', reason: thrown.message };
    }
  }
  return { completeness, repositories: [...named].sort() };
}

async function walk(session: Session, target: Target, named: Set<string>): Promise<Completeness> {
  const read = async (pageSize: number) => {
    const seen = new Set<string>();
    let problem: string | null = null;
    let firstPage: readonly unknown[] | null = null;
    const end = await walkPages(session, {
      host: target.host,
      scope: { kind: 'catalog' },
      path: '/v2/_catalog',
      pageSize,
      open: () => new CatalogPage(),
      take: ({ names }) => {
        const before = seen.size;
        firstPage ??= names ?? [];
        if (names === null) problem ??= 'the catalog\'s "repositories" is not a list';
        for (const name of names ?? []) {
          try {
            // A number would make a name too.
            const text = typeof name === 'string' ? name : '';
            const repository = parseRepository(`${target.host}/${text}`);
            seen.add(repository.name);
            if (withinTarget(target, repository)) named.add(formatRepository(repository));
          } catch (thrown) {
            if (!(thrown instanceof WardenError)) throw thrown;
            problem ??= `the catalog names something that is no repository: ${JSON.stringify(String(name).slice(0, 80))}`;
          }
        }
        return seen.size - before;
      },
      isUnchanged: ({ names }) => {
        const again = new Set(names);
        return again.size === new Set(firstPage).size && (firstPage ?? []).every((name) => again.has(name));
      },
    });
    return { end, problem: problem as string | null };
  };
  let last = await read(PAGE_SIZE);
  if (last.end.kind === 'changed') last = await read(PAGE_SIZE);
  else if (last.end.kind === 'doubtful' && last.end.entries > 1) last = await read(last.end.entries - 1);
  const { end, problem } = last;
  if (end.kind !== 'complete')
    return { kind: 'incomplete', reason: `the catalog can't be shown to be whole: ${end.reason}` };
  return problem === null ? end : { kind: 'incomplete', reason: problem };
}

/** Whether the target is itself an image repository with anything in it. */
async function isRepository(session: Session, target: Target): Promise<boolean> {
  // Google answers 400 to a name of one component, which is a project.
  if (hostKind(target.host) === 'google' && !target.prefix.includes('/')) return false;
  const repository = { host: target.host, name: target.prefix };
  try {
    const { told } = await readOnePage(session, {
      host: target.host,
      scope: pullScope(repository),
      path: `${repositoryPath(repository)}/tags/list`,
      pageSize: 1,
      open: () => new TagsListPage(),
    });
    return told.size > 0;
  } catch (thrown) {
    if (!(thrown instanceof RegistryError)) throw thrown;
    // A registry whose names all begin with a project says so of a project alone, as Google does.
    const isNoName = thrown.status === 400 && thrown.complaints.some(({ code }) => code === 'NAME_INVALID');
    if (thrown.status === 404 || isNoName) return false;
    throw thrown;
  }
}
