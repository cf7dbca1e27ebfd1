import { at, type Json, records, text } from '../../core/usage/field.ts';
import type { UsageAnswer } from '../../core/usage.ts';
import type { Clock, UsageReader } from '../../ports.ts';
import { type GoogleRest, path } from '../google/rest.ts';
import { unanswered, usageFrom } from './source.ts';

export interface FunctionsOptions {
  readonly rest: GoogleRest;
  readonly project: string;
  readonly clock: Clock;
}

/**
 * Finds the repositories of one's own that first-generation Cloud Run functions keep their images in
 * (https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions/list). No API tells which
 * image a function of that generation runs, so what is in use there is not known. Those of the second generation are
 * services of Cloud Run.
 */
export function readFunctions(options: FunctionsOptions): UsageReader {
  const source = `Cloud Run functions of ${options.project}`;
  return usageFrom(source, () => answers(options, source));
}

async function answers(
  { rest, project, clock }: FunctionsOptions,
  source: string,
): Promise<UsageAnswer | readonly UsageAnswer[]> {
  const asOfMs = clock();
  const found: Json[] = [];
  let unreachable: string | null = null;
  const failed = await rest.eachPage(
    { api: 'cloudFunctions', path: path`/v2/projects/${project}/locations/-/functions` },
    (page) => {
      found.push(...records(page['functions']));
      const places = page['unreachable'];
      if (Array.isArray(places) && places.length > 0) unreachable = `it could not reach ${String(places[0])}`;
      return unreachable === null;
    },
  );
  const problem = failed?.reason ?? unreachable;
  if (problem !== null) return unanswered(source, problem);
  const untold = found.flatMap((one): UsageAnswer[] => {
    const name = text(one['name'])?.split('/').at(-1) ?? 'a function';
    // A word that nobody knows is no reason to take it for the second one.
    if (text(one['environment']) === 'GEN_2') return [];
    const repository = text(at(one, 'buildConfig', 'dockerRepository'));
    if (repository === null) return [];
    const reason = `no API tells which image the first-generation function ${name} runs`;
    return [{ ...unanswered(source, reason), repositories: [below(repository)] }];
  });
  // Best effort, so that its silence alone proves of nothing that it is not in use.
  return untold.length > 0 ? untold : { kind: 'best effort', source, asOfMs, uses: [] };
}

const NAME = /^projects\/([^/]+)\/locations\/([a-z0-9-]+)\/repositories\/([a-z0-9-]+)$/;

/** Everything in a repository of Artifact Registry; everything there is where its name can't be read. */
function below(repository: string): string {
  const [, project = '', location = '', name = ''] = NAME.exec(repository) ?? [];
  return name === '' ? '**' : `${location}-docker.pkg.dev/${project.replace(':', '/')}/${name}/**`;
}
