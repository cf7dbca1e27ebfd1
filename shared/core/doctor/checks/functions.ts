import { type Answer, command, fine, missing, terraform, unclear } from '../answer.ts';
import type { Check } from '../check.ts';
import { expectedFunctions } from '../deployment.ts';
import type { DeployedFunction } from '../observation.ts';

/** What all functions that have one of these have to be told alike. */
const SHARED = ['GCR_WARDEN_LEDGER', 'GCR_WARDEN_POLICIES', 'GCR_WARDEN_TARGETS'];

/** Whether the functions are deployed and run. */
export const functions: Check = {
  id: 'functions',
  title: 'Functions',
  answers: ({ functions, deployment }) => {
    const { name, project, region } = deployment;
    if (functions.kind === 'unknown')
      return [unclear(`The functions could not be read: ${functions.reason}`)];
    const byName = new Map(functions.value.map((each) => [each.name, each]));
    const expected = expectedFunctions(deployment).map((each) => `${name}-${each}`);
    const absent = expected.filter((each) => !byName.has(each));
    const answers: Answer[] = [];
    if (absent.length > 0) {
      const where = `in ${project}, ${region}`;
      const text =
        absent.length === expected.length
          ? `Nothing is deployed ${where}.`
          : `Not deployed ${where}: ${absent.join(', ')}.`;
      answers.push(missing(text, command('terraform apply')));
    }
    for (const each of expected) {
      const state = byName.get(each)?.state ?? 'ACTIVE';
      if (state === 'ACTIVE') continue;
      const describe = `gcloud functions describe ${each} --region ${region} --project ${project}`;
      answers.push(
        state === 'DEPLOYING'
          ? unclear(`${each} is being deployed.`, command(describe))
          : missing(
              `${each} is ${state}.`,
              command(describe),
              terraform(`-replace='…google_cloudfunctions2_function.this["${each.slice(name.length + 1)}"]'`),
            ),
      );
    }
    const own = expected.flatMap((each) => byName.get(each) ?? []);
    for (const setting of SHARED.filter((each) => isToldDifferently(own, each))) {
      const text = `The functions were told different values of ${setting}: a deployment has not ended.`;
      answers.push(missing(text, command('terraform apply')));
    }
    return answers.length > 0 ? answers : [fine(`${expected.length} functions are active in ${region}.`)];
  },
};

function isToldDifferently(functions: readonly DeployedFunction[], setting: string): boolean {
  const told = functions.flatMap(({ environment }) => environment[setting] ?? []);
  return new Set(told).size > 1;
}
