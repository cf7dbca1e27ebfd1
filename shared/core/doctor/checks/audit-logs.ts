import type { IamPolicy } from '../../audit/access.ts';
import { type Answer, command, fine, missing, notUsed, terraform, unclear } from '../answer.ts';
import type { Check } from '../check.ts';

/** Whether the log that pulls are recorded from is on, where somebody asked for pulls. */
export const auditLogs: Check = {
  id: 'audit-logs',
  title: 'Audit log of pulls',
  answers: ({ registries, policies, deployment: { auditLogSubscriptions: log } }) => {
    const asking =
      policies.kind === 'known'
        ? policies.value.policies.filter(({ keep, delete: deletes }) =>
            [...keep, ...deletes].some(({ conditions }) =>
              conditions.some(({ kind }) => kind === 'pulledWithin' || kind === 'notPulledFor'),
            ),
          )
        : [];
    const names = asking.map(({ name }) => name).join(', ');
    if (log.kind === 'unknown') {
      return asking.length === 0
        ? [notUsed('No policy asks for pulls.')]
        : [
            unclear(
              `Whether pulls are recorded is not known: ${log.reason}`,
              terraform('record_pulls = true'),
            ),
          ];
    }
    if (log.value.length === 0) {
      return asking.length === 0
        ? [notUsed('Pulls are not recorded, and no policy asks for them.')]
        : [
            missing(
              `Pulls are not recorded, and these policies ask for them: ${names}.`,
              terraform('record_pulls = true'),
            ),
          ];
    }
    return registries.map(({ project, policy }): Answer => {
      if (policy.kind === 'unknown')
        return unclear(`What ${project} logs could not be read: ${policy.reason}`);
      if (logsReads(policy.value)) return fine(`${project} logs reads of its registries.`);
      return unclear(
        `${project} itself does not log reads of its registries (DATA_READ); whether something above it does is not seen here.`,
        terraform(
          'registry_audit_logs = ["DATA_READ"] # replaces what the projects of targets say of artifactregistry.googleapis.com',
        ),
        command(`gcr-warden audit --project ${project}`),
      );
    });
  },
};

function logsReads({ auditConfigs = [] }: IamPolicy): boolean {
  return auditConfigs.some(
    ({ service, logs }) =>
      (service === 'artifactregistry.googleapis.com' || service === 'allServices') &&
      logs.some(({ type }) => type === 'DATA_READ'),
  );
}
