import type { LimitScope } from './policy.ts';
import { canonicalRepository } from './repository-alias.ts';

/** A repository of Artifact Registry or a project, by its name as `scopeOf` gives it. */
export interface ScopeName {
  readonly scope: LimitScope;
  readonly of: string;
}

/** Components of a name, the host among them, that say what an image repository lies in: `HOST/PROJECT[/REPOSITORY]`. */
const COMPONENTS: Readonly<Record<LimitScope, number>> = { project: 2, repository: 3 };

/**
 * What an image repository is counted in: `europe-docker.pkg.dev/acme/services`, or `acme` for its project, which is
 * the same in every location. Names of one repository count as one. A host that is not Google's has no projects that
 * others could share, so it stays in the name.
 */
export function scopeOf(repository: string, scope: LimitScope): string {
  const canonical = canonicalRepository(repository);
  const [host = '', ...path] = canonical.split('/');
  // Projects of a domain are `example.com:acme`, and in names of images `example.com/acme`.
  const isDomain = path[0]?.includes('.') === true && host.endsWith('.pkg.dev');
  const within = [host, ...path].slice(0, COMPONENTS[scope] + (isDomain ? 1 : 0));
  return scope === 'project' && host.endsWith('.pkg.dev') ? within.slice(1).join('/') : within.join('/');
}

/** One text for all that an image repository lies in. */
export function scopeTexts(repository: string): readonly string[] {
  return (['repository', 'project'] as const).map((scope) =>
    scopeText({ scope, of: scopeOf(repository, scope) }),
  );
}

export function scopeText({ scope, of }: ScopeName): string {
  return `${scope} ${of}`;
}
