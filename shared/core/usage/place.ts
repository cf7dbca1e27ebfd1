import { WardenError } from '../error.ts';
import { DAY_MS, HOUR_MS, parseAge } from '../units.ts';
import { DEFAULT_REVISIONS } from './cloud-run.ts';
import { DEFAULT_ROLLBACK_DEPTH } from './kubernetes.ts';

/** Where to ask what is in use. */
export type UsagePlace =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'object'; readonly bucket: string; readonly object: string }
  | { readonly kind: 'kubeconfig'; readonly path: string; readonly context: string | null }
  | { readonly kind: 'gke'; readonly project: string }
  | { readonly kind: 'asset'; readonly scope: string }
  | { readonly kind: 'run'; readonly project: string }
  | { readonly kind: 'compute'; readonly project: string }
  | { readonly kind: 'functions'; readonly project: string };

/** A source as somebody wrote it down, with its settings. */
export interface UsageSource {
  readonly place: UsagePlace;
  /** An answer that is older is none. */
  readonly ageMaxMs: number;
  /** Earlier revisions of a workload in Kubernetes that count. */
  readonly rollbackDepth: number;
  /** Revisions of a Cloud Run service that count although they serve nothing. */
  readonly revisions: number;
  /** What it could name; null for every repository. */
  readonly repositories: readonly string[] | null;
}

const PROJECT = /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{1,28}[a-z0-9]$/;
const SCOPE =
  /^(?:(?:organizations|folders)\/[0-9]{1,20}|projects\/(?:[a-z0-9.-]+:)?[a-z0-9][a-z0-9-]{1,28}[a-z0-9])$/;
const SETTING = /,(max-age|rollback|revisions|repositories)=/;
const COUNT_MAX = 1000;

/** What the grammar is, for whoever wrote something else. */
const USAGE_GRAMMAR =
  'FILE, gs://BUCKET/OBJECT, kubeconfig:FILE[#CONTEXT], gke:PROJECT, asset:organizations/NUMBER (or folders/NUMBER, projects/PROJECT), run:PROJECT, functions:PROJECT or compute:PROJECT, and after it any of ,max-age=1h ,rollback=10 ,revisions=5 ,repositories=PATTERN';

/**
 * Reads where to ask what is in use: `PLACE[,SETTING=VALUE]…`.
 * @throws WardenError IN_USE_INVALID
 */
export function parseUsageSource(text: string): UsageSource {
  const [written = '', ...settings] = text.split(SETTING);
  const place = usagePlace(written);
  if (place === null) return refuse(text, `${JSON.stringify(written)} is no place to ask`);
  let ageMaxMs = place.kind === 'asset' ? HOUR_MS : DAY_MS;
  let rollbackDepth = DEFAULT_ROLLBACK_DEPTH;
  let revisions = DEFAULT_REVISIONS;
  const repositories: string[] = [];
  for (let at = 0; at < settings.length; at += 2) {
    const [key, value = ''] = settings.slice(at, at + 2);
    if (key === 'max-age') {
      const age = parseAge(value);
      if (age.kind !== 'parsed') return refuse(text, `max-age can't be ${JSON.stringify(value)}: ${age.why}`);
      ageMaxMs = age.value;
    } else if (key === 'repositories') {
      if (!/^[a-z0-9._:*?/-]+$/.test(value))
        return refuse(text, `repositories can't be ${JSON.stringify(value)}`);
      repositories.push(value);
    } else {
      const count = /^\d{1,4}$/.test(value) ? Number(value) : Number.NaN;
      if (!(count <= COUNT_MAX)) return refuse(text, `${key} is a number from 0 to ${COUNT_MAX}`);
      if (key === 'rollback') rollbackDepth = count;
      else revisions = count;
    }
  }
  return {
    place,
    ageMaxMs,
    rollbackDepth,
    revisions,
    repositories: repositories.length === 0 ? null : repositories,
  };
}

/**
 * Reads several, one a line.
 * @throws WardenError IN_USE_INVALID
 */
export function parseUsageSources(lines: string): readonly UsageSource[] {
  return lines
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(parseUsageSource);
}

/** Reads a place without settings; null where it is none. */
export function usagePlace(text: string): UsagePlace | null {
  const [, kind = '', rest = ''] = /^([a-z]+):(.*)$/s.exec(text) ?? [];
  switch (kind) {
    case 'gs': {
      const [, bucket, object] = /^\/\/([^/]+)\/(.+)$/.exec(rest) ?? [];
      return bucket === undefined || object === undefined ? null : { kind: 'object', bucket, object };
    }
    case 'kubeconfig': {
      const hash = rest.lastIndexOf('#');
      const path = hash < 0 ? rest : rest.slice(0, hash);
      const context = hash < 0 ? null : rest.slice(hash + 1);
      return path === '' || context === '' ? null : { kind, path, context };
    }
    case 'gke':
    case 'run':
    case 'compute':
    case 'functions':
      return PROJECT.test(rest) ? { kind, project: rest } : null;
    case 'asset':
      return SCOPE.test(rest) ? { kind, scope: rest } : null;
    case 'file':
      return rest === '' ? null : { kind, path: rest };
    default:
      // A kind that nobody knows is more likely a slip than the name of a file.
      return text === '' || kind.length > 1 ? null : { kind: 'file', path: text };
  }
}

function refuse(text: string, why: string): never {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  throw new WardenError(
    'IN_USE_INVALID',
    `${JSON.stringify(shown)} names no in-use source: ${why}. Write ${USAGE_GRAMMAR}.`,
  );
}
