import { command, fine, missing, unclear } from '../answer.ts';
import { REQUIRED_APIS } from '../api.ts';
import type { Check } from '../check.ts';

/** Whether the APIs are on that the service needs in its project. */
export const apis: Check = {
  id: 'apis',
  title: 'APIs',
  answers: ({ apis, deployment: { project } }) => {
    if (apis.kind === 'unknown') {
      const list = command(`gcloud services list --enabled --project ${project}`);
      return [unclear(`Which APIs are on could not be read: ${apis.reason}`, list)];
    }
    const enabled = new Set(apis.value);
    const off = REQUIRED_APIS.filter((api) => !enabled.has(api));
    if (off.length === 0) return [fine(`All ${REQUIRED_APIS.length} APIs are on in ${project}.`)];
    const enable = command(`gcloud services enable ${off.join(' ')} --project ${project}`);
    return [missing(`In ${project} are off: ${off.join(', ')}.`, enable)];
  },
};
