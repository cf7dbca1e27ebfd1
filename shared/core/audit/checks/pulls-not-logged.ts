import { known } from '../../fact.ts';
import type { Policy } from '../../policy.ts';
import { DAY_MS } from '../../units.ts';
import type { IamPolicy } from '../access.ts';
import { type Check, findingOf } from '../check.ts';
import { policyWith, repliesWith, repositoryLike } from '../example.ts';
import { projectResource } from '../graph.ts';
import { policiesOn } from '../looked-after.ts';
import { google } from '../reference.ts';
import { terraformName, terraformResource } from '../terraform.ts';

const SERVICE = 'artifactregistry.googleapis.com';

/** A policy that asks when something was last pulled. */
const asking: Policy = policyWith({
  delete: policyWith().delete.map((rule) => ({
    ...rule,
    conditions: [{ kind: 'notPulledFor' as const, ageMs: 90 * DAY_MS }],
  })),
});

const logging = (type: string | null) =>
  repliesWith({
    locations: known([repositoryLike({})]),
    projectPolicy: known({
      bindings: [],
      auditConfigs: type === null ? [] : [{ service: SERVICE, logs: [{ type, exempted: [] }] }],
    }),
  });

/** A policy that asks for pulls which nobody writes down. */
export const pullsNotLogged: Check = {
  id: 'pulls-not-logged',
  title: 'A policy asks for pulls, and pulls are not logged',
  severity: 'medium',
  rationale:
    'Artifact Registry says when an image was last pulled only through its data-access logs, and those are off unless somebody turns them on. Rules that ask for pulls then answer unknown, and everything stays.',
  decided:
    'A policy of ours with `pulledWithin` or `notPulledFor` selects something in a repository of the project, and neither the project nor anything above it has `DATA_READ` on for Artifact Registry or for all services. UNKNOWN where a policy above could not be read, or where members are exempted from the log. Without such a policy nothing is asked. While policies are not known it is UNKNOWN, and low, unless reading is logged.',
  references: [
    google(
      'Artifact Registry audit logging',
      'https://cloud.google.com/artifact-registry/docs/audit-logging',
    ),
    google(
      'Configure data access audit logs',
      'https://cloud.google.com/logging/docs/audit/configure-data-access',
    ),
  ],
  examples: [
    {
      title: 'Data access is not logged',
      replies: () => logging(null),
      settings: { policies: known([asking]) },
      answers: ['FAIL medium'],
    },
    {
      title: 'Only writing is logged',
      replies: () => logging('DATA_WRITE'),
      settings: { policies: known([asking]) },
      answers: ['FAIL medium'],
    },
    {
      title: 'Reading is logged',
      replies: () => logging('DATA_READ'),
      settings: { policies: known([asking]) },
      answers: ['PASS'],
    },
    {
      title: 'No policy asks for pulls',
      replies: () => logging(null),
      settings: { policies: known([policyWith()]) },
      answers: [],
    },
    {
      title: 'Data access is not logged, and nobody says where policies are',
      replies: () => logging(null),
      answers: ['UNKNOWN'],
    },
  ],
  run(audit) {
    const { graph, replies, settings } = audit;
    const resource = projectResource(replies.project);
    const say = (status: 'PASS' | 'UNKNOWN', evidence: string, severity = pullsNotLogged.severity) => [
      findingOf(pullsNotLogged, audit, { status, resource, evidence, severity }),
    ];
    const above = replies.ancestors.kind === 'known' ? replies.ancestors.value : [];
    const policies = [replies.projectPolicy, ...above.map(({ policy }) => policy)];
    const logs = policies.flatMap((policy) => (policy.kind === 'known' ? readLogs(policy.value) : []));
    const repositories = graph.registries.filter((node) => node.kind === 'repository');
    if (settings.policies.kind === 'unknown') {
      if (repositories.length === 0) return [];
      if (logs.some(({ exempted }) => exempted.length === 0)) {
        return say('PASS', 'Pulls are logged, whether a policy asks for them or not');
      }
      const evidence = `Whether a policy of gcr-warden asks for pulls is not known: ${settings.policies.reason}`;
      return say('UNKNOWN', evidence, 'low');
    }
    const asking = settings.policies.value.filter(asksForPulls);
    const names = new Set<string>();
    for (const { repository } of repositories) {
      for (const { name } of policiesOn(repository, asking)) names.add(name);
    }
    if (names.size === 0) return [];
    const who = `Policy ${[...names].sort().join(', ')} asks for pulls`;
    if (logs.length > 0) {
      const exempted = [...new Set(logs.flatMap((log) => log.exempted))].sort();
      return exempted.length === 0
        ? say('PASS', `${who}, and they are logged`)
        : say('UNKNOWN', `${who}, and those by ${exempted.slice(0, 5).join(', ')} are not logged`);
    }
    const unread = [replies.ancestors, ...policies].find(({ kind }) => kind === 'unknown');
    if (unread?.kind === 'unknown') {
      return say('UNKNOWN', `${who}; whether they are logged could not be read: ${unread.reason}`);
    }
    return [
      findingOf(pullsNotLogged, audit, {
        status: 'FAIL',
        resource,
        evidence: `${who}, and DATA_READ is not on for ${SERVICE} in the project or above it`,
        risk: 'The rule answers unknown for every image, so that nothing is ever deleted by it.',
        remediation: () => [
          {
            say: 'Turn data read on for Artifact Registry: in the console under IAM, Audit Logs, or in Terraform. gcloud can only write the whole policy, which loses conditions. The log is billed by volume.',
            gcloud: [],
            terraform: terraformResource(
              'google_project_iam_audit_config',
              terraformName('artifactregistry', [replies.project, SERVICE]),
              { project: replies.project, service: SERVICE },
              [{ name: 'audit_log_config', attributes: { log_type: 'DATA_READ' } }],
            ),
          },
        ],
      }),
    ];
  },
};

function asksForPulls(policy: Policy): boolean {
  return [...policy.keep, ...policy.delete].some(({ conditions }) =>
    conditions.some(({ kind }) => kind === 'pulledWithin' || kind === 'notPulledFor'),
  );
}

/** What has calls that read written to the log. */
function readLogs({ auditConfigs }: IamPolicy): readonly { readonly exempted: readonly string[] }[] {
  return (auditConfigs ?? [])
    .filter(({ service }) => service === SERVICE || service === 'allServices')
    .flatMap(({ logs }) => logs.filter(({ type }) => type === 'DATA_READ'));
}
