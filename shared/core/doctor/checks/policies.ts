import { quantity } from '../../quantity.ts';
import { type Answer, command, fine, missing, unclear } from '../answer.ts';
import type { Check } from '../check.ts';

/** Problems that are shown; `policy check` shows all. */
const SHOWN_MAX = 5;

/** Whether the policies can be read, and none is broken. */
export const policies: Check = {
  id: 'policies',
  title: 'Policies',
  answers: ({ policies, deployment }) => {
    const { policies: place } = deployment;
    if (place.kind === 'unknown') return [unclear(place.reason)];
    if (policies.kind === 'unknown')
      return [unclear(`The policies in ${place.value} could not be read: ${policies.reason}`)];
    const { policies: read, problems } = policies.value;
    const check = command(
      `gcr-warden policy check ${place.value.startsWith('gs://') ? 'policies' : place.value}`,
    );
    if (problems.length > 0) {
      const more = problems.length - SHOWN_MAX;
      const answers: Answer[] = problems
        .slice(0, SHOWN_MAX)
        .map(({ file, line, column, message }) => missing(`${file}:${line}:${column}: ${message}`, check));
      return more > 0
        ? [...answers, missing(`${quantity(more, 'more problem')} in the policies.`, check)]
        : answers;
    }
    const isAuditOnly = deployment.targets.kind === 'known' && deployment.targets.value.length === 0;
    if (read.length === 0 && !isAuditOnly) {
      return [missing(`There is no policy in ${place.value}, so that nothing is ever cleaned.`, check)];
    }
    const enforced = read.filter(({ mode }) => mode === 'enforce').length;
    return [
      fine(`All policies in ${place.value} are right: ${read.length}, of which ${enforced} may delete.`),
    ];
  },
};
