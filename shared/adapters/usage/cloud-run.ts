import { type CloudRunResources, usesOfCloudRun } from '../../core/usage/cloud-run.ts';
import { records, text } from '../../core/usage/field.ts';
import type { UsageAnswer } from '../../core/usage.ts';
import type { Clock, UsageReader } from '../../ports.ts';
import { type GoogleRest, path } from '../google/rest.ts';
import { unanswered, usageFrom } from './source.ts';

export interface CloudRunOptions {
  readonly rest: GoogleRest;
  readonly project: string;
  readonly clock: Clock;
  /** How many revisions of a service count although they serve nothing. */
  readonly revisions: number;
}

/** What is listed in each region; `-` stands for every service, job or pool there. */
const LISTS: readonly {
  readonly of: keyof CloudRunResources;
  readonly path: string;
  readonly field: string;
}[] = [
  { of: 'services', path: 'services', field: 'services' },
  { of: 'revisions', path: 'services/-/revisions', field: 'revisions' },
  { of: 'services', path: 'workerPools', field: 'workerPools' },
  { of: 'revisions', path: 'workerPools/-/revisions', field: 'revisions' },
  { of: 'jobs', path: 'jobs', field: 'jobs' },
  { of: 'executions', path: 'jobs/-/executions', field: 'executions' },
];

/**
 * Reads what Cloud Run runs in a project, in every region: services (those of Cloud Run functions too), their
 * revisions, worker pools and jobs (https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/list).
 */
export function readCloudRun(options: CloudRunOptions): UsageReader {
  const source = `Cloud Run of ${options.project}`;
  return usageFrom(source, () => answer(options, source));
}

async function answer(
  { rest, project, clock, revisions }: CloudRunOptions,
  source: string,
): Promise<UsageAnswer> {
  const asOfMs = clock();
  const locations: string[] = [];
  // Version 2 lists no locations, and takes no `-` for all of them.
  const unlisted = await rest.eachPage(
    { api: 'cloudRun', path: path`/v1/projects/${project}/locations` },
    (page) => {
      for (const { locationId } of records(page['locations'])) locations.push(text(locationId) ?? '');
      return true;
    },
  );
  if (unlisted !== null) return unanswered(source, unlisted.reason);
  const found: Record<keyof CloudRunResources, unknown[]> = {
    services: [],
    revisions: [],
    jobs: [],
    executions: [],
  };
  const problems = await Promise.all(
    locations.flatMap((location) =>
      LISTS.map(async ({ of, path: list, field }) => {
        let unreachable: string | null = null;
        const place = path`/v2/projects/${project}/locations/${location}/`;
        const failed = await rest.eachPage(
          { api: 'cloudRun', path: place === null ? null : `${place}${list}` },
          (page) => {
            found[of].push(...records(page[field]));
            if (Array.isArray(page['unreachable']) && page['unreachable'].length > 0) {
              unreachable = `its ${list} in ${location} could not all be reached`;
            }
            return unreachable === null;
          },
        );
        return failed?.reason ?? unreachable;
      }),
    ),
  );
  const problem = problems.find((one) => one !== null);
  if (typeof problem === 'string') return unanswered(source, problem);
  return { kind: 'complete', source, asOfMs, uses: usesOfCloudRun(found, revisions) };
}
