import { usesOfCompute } from '../../core/usage/compute.ts';
import { at, type Json, record, records, text } from '../../core/usage/field.ts';
import type { UsageAnswer } from '../../core/usage.ts';
import type { Clock, UsageReader } from '../../ports.ts';
import { type GoogleRest, path } from '../google/rest.ts';
import { unanswered, usageFrom } from './source.ts';

export interface ComputeOptions {
  readonly rest: GoogleRest;
  readonly project: string;
  readonly clock: Clock;
}

const LISTS = [
  { list: 'instances', field: 'instances', kind: 'instance' },
  { list: 'instanceTemplates', field: 'instanceTemplates', kind: 'instance template' },
] as const;

/**
 * Reads which containers instances and instance templates of Compute Engine declare, in every zone and region
 * (https://cloud.google.com/compute/docs/reference/rest/v1/instances/aggregatedList).
 */
export function readCompute(options: ComputeOptions): UsageReader {
  const source = `Compute Engine of ${options.project}`;
  return usageFrom(source, () => answer(options, source));
}

async function answer({ rest, project, clock }: ComputeOptions, source: string): Promise<UsageAnswer> {
  const asOfMs = clock();
  const parts = await Promise.all(
    LISTS.map(async ({ list, field, kind }) => {
      const found: Json[] = [];
      let partial: string | null = null;
      const failed = await rest.eachPage(
        { api: 'compute', path: path`/compute/v1/projects/${project}/aggregated/${list}` },
        (page) => {
          partial ??= unreached(page);
          for (const [scope, content] of Object.entries(record(page['items']))) {
            partial ??= warningOf(scope, content);
            found.push(...records(record(content)[field]));
          }
          return partial === null;
        },
      );
      return { problem: failed?.reason ?? partial, uses: () => usesOfCompute(found, kind) };
    }),
  );
  const problem = parts.find((part) => part.problem !== null)?.problem;
  if (typeof problem === 'string') return unanswered(source, problem);
  return { kind: 'complete', source, asOfMs, uses: parts.flatMap(({ uses }) => uses()) };
}

/** What a whole page says of places that did not answer, or null. */
function unreached(page: Json): string | null {
  const { unreachables } = page;
  if (Array.isArray(unreachables) && unreachables.length > 0)
    return `it could not reach ${String(unreachables[0])}`;
  return warningOf('a page', page);
}

/** A zone without instances says so by a warning; every other one means that something is missing. */
function warningOf(scope: string, content: unknown): string | null {
  const code = text(at(content, 'warning', 'code'));
  return code === null || code === 'NO_RESULTS_ON_PAGE' ? null : `${scope} is not complete: ${code}`;
}
