import { known } from '../../fact.ts';
import type { Finding, RemedyStep, Severity } from '../../finding.ts';
import { addMember, bindingEvidence, bindingSubject, removeMember, underCondition } from '../binding.ts';
import { type AuditCase, type Check, findingOf } from '../check.ts';
import { bind, repliesWith, repositoryWith } from '../example.ts';
import { type Ability, abilitiesOn } from '../grants.ts';
import type { GraphBinding, PolicyNode } from '../graph.ts';
import { isContainerRegistryAgent, isDeleted, isPerson, isPublic, isServiceAgent } from '../member.ts';
import { bucketUse } from '../redirection.ts';
import { cis, google } from '../reference.ts';
import { handStep, noStep } from '../remedy-step.ts';
import type { Permission } from '../role-permissions.ts';

const CI = 'serviceAccount:ci@acme.iam.gserviceaccount.com';

/** What is known of a project with one repository and these bindings. */
const project = (...bindings: ReturnType<typeof bind>[]) =>
  repliesWith({ projectPolicy: known({ bindings }), locations: known([repositoryWith()]) });

/** More steps than this nobody takes; the last one says how many are left out. */
const STEPS_MAX = 20;

/** A right to change images that holds for every registry of the project at once. */
export const broadProjectGrant: Check = {
  id: 'broad-project-grant',
  title: 'A project-wide role can change images',
  severity: 'high',
  rationale:
    'A role on the project reaches every registry in it, those of tomorrow too. The usual one is `storage.admin`, given for a first push and never taken back.',
  decided:
    "A binding on the project whose role holds a permission to push, delete or administer images in buckets or repositories, judged by permission (`storage.admin`, basic Editor and Owner, custom roles alike). High for accounts that programs use and for delete or administer, medium for people and for push alone, low for deleted accounts and for Google's service agents. Service agents that hold a role made for service agents are fine, and `allUsers` belongs to public-access.",
  references: [
    cis('4.0.0', '1.5'),
    cis('5.0.0', '1.6'),
    google(
      'Grant repository-specific permissions',
      'https://cloud.google.com/artifact-registry/docs/access-control#grant-repo',
    ),
    google(
      'Container Registry service account',
      'https://cloud.google.com/container-registry/docs/overview#container_registry_service_account',
    ),
  ],
  examples: [
    {
      title: '`storage.admin`, left from the first push',
      replies: () => project(bind('roles/storage.admin', CI)),
      answers: ['FAIL high'],
    },
    {
      title: 'A pusher that pushes to every repository',
      replies: () => project(bind('roles/artifactregistry.writer', CI)),
      answers: ['FAIL medium'],
    },
    {
      title: 'The old Container Registry agent with basic Editor',
      replies: () =>
        project(
          bind(
            'roles/editor',
            'serviceAccount:service-123456789012@containerregistry.iam.gserviceaccount.com',
          ),
        ),
      answers: ['FAIL low'],
    },
    {
      title: 'A role that only reads',
      replies: () => project(bind('roles/artifactregistry.reader', CI)),
      answers: ['PASS'],
    },
    {
      title: "One of Google's agents with the role made for it",
      replies: () =>
        project(
          bind(
            'roles/artifactregistry.serviceAgent',
            'serviceAccount:service-123456789012@gcp-sa-artifactregistry.iam.gserviceaccount.com',
          ),
        ),
      answers: ['PASS'],
    },
  ],
  run(audit) {
    const { project: node } = audit.graph;
    const say = (status: 'PASS' | 'UNKNOWN', evidence: string): Finding =>
      findingOf(broadProjectGrant, audit, { status, resource: node.resource, evidence });
    if (node.bindings.kind === 'unknown') {
      return [say('UNKNOWN', `The policy of ${node.label} could not be read: ${node.bindings.reason}`)];
    }
    const found = node.bindings.value.flatMap((binding) => answersFor(binding, audit));
    return found.length > 0 ? found : [say('PASS', `No role on ${node.label} can change images`)];
  },
};

function answersFor(binding: GraphBinding, audit: AuditCase): readonly Finding[] {
  const { project } = audit.graph;
  const members = binding.members.filter(
    (member) => !isPublic(member) && !(isServiceAgent(member) && isAgentRole(binding.role)),
  );
  const { permissions } = binding;
  if (permissions.kind === 'unknown') {
    return members.map((member) =>
      findingOf(broadProjectGrant, audit, {
        status: 'UNKNOWN',
        resource: project.resource,
        subject: bindingSubject(binding, member),
        evidence: `${member} has ${binding.role} on ${project.label}, and what that role allows could not be read: ${permissions.reason}`,
      }),
    );
  }
  const changes = abilitiesOn(['bucket', 'repository'], permissions.value).filter(
    (ability) => ability !== 'list' && ability !== 'read',
  );
  if (changes.length === 0) return [];
  return members.map((member) =>
    findingOf(broadProjectGrant, audit, {
      status: 'FAIL',
      resource: project.resource,
      subject: bindingSubject(binding, member),
      severity: severityOf(member, changes),
      evidence: `${member} has ${binding.role} on ${project.label}${underCondition(binding)}: can ${changes.join(', ')} in ${where(permissions.value)}`,
      risk: isDeleted(member)
        ? 'The account is deleted, and has its rights again when somebody undeletes it.'
        : 'Whoever gets hold of this account can replace or remove images in every registry of the project.',
      binding: bindingEvidence(project, binding, member),
      remediation: remedyFor(member, binding, permissions.value, audit),
    }),
  );
}

/** Google names the roles that it made for its own agents this way; custom roles can't have such a name. */
function isAgentRole(role: string): boolean {
  return /^roles\/[A-Za-z.]+\.[A-Za-z]*[sS]erviceAgent$/.test(role);
}

function severityOf(member: string, changes: readonly Ability[]): Severity {
  if (isDeleted(member) || isServiceAgent(member)) return 'low';
  return isPerson(member) || changes.every((ability) => ability === 'push') ? 'medium' : 'high';
}

function where(permissions: readonly Permission[]): string {
  const reaches = (kind: 'bucket' | 'repository'): boolean =>
    abilitiesOn([kind], permissions).some((ability) => ability !== 'list' && ability !== 'read');
  return [
    ...(reaches('bucket') ? ['every bucket'] : []),
    ...(reaches('repository') ? ['every repository'] : []),
  ].join(' and ');
}

function remedyFor(
  member: string,
  binding: GraphBinding,
  permissions: readonly Permission[],
  audit: AuditCase,
): readonly RemedyStep[] {
  const { graph, replies } = audit;
  const removal = removeMember(graph.project, binding, member, replies.project);
  if (isContainerRegistryAgent(member)) {
    const ownRole = { role: 'roles/containerregistry.ServiceAgent', condition: known(null) };
    const added = addMember(graph.project, ownRole, member, replies.project);
    return [{ ...added, say: `Google's documented swap, its own role first. ${added.say}` }, removal];
  }
  if (isServiceAgent(member)) {
    return [
      handStep(
        'This is a service agent of Google, and its service may stop without this role. Find the role that it should have at https://cloud.google.com/iam/docs/service-agents and add that first.',
      ),
    ];
  }
  if (isDeleted(member)) return [removal];
  const use = bucketUse(replies.redirection);
  const reachesBuckets = permissions.some((permission) => permission.startsWith('storage.'));
  const hasBucket = graph.registries.some(({ kind }) => kind === 'bucket');
  if (reachesBuckets && hasBucket && use.kind === 'untouchable') return [noStep(use.why)];
  const first: RemedyStep[] = [];
  if (permissions.includes('resourcemanager.projects.setIamPolicy')) {
    first.push(handStep('Make sure that somebody else can still administer the project.'));
  }
  if (reachesBuckets) {
    first.push(
      handStep(
        use.kind === 'not moved'
          ? 'The role reaches every bucket of the project. Those of the registry follow; grant roles/storage.objectUser on others that it really uses.'
          : 'The role reaches every bucket of the project: grant roles/storage.objectUser on the ones that it really uses. The bucket of the old registry is none of them since the move.',
      ),
    );
  }
  return [...first, ...narrower(member, binding, permissions, audit), removal];
}

/** Adds what the member may need on single registries before the wide role goes, so that nobody is locked out. */
function narrower(
  member: string,
  binding: GraphBinding,
  permissions: readonly Permission[],
  { graph, replies }: AuditCase,
): readonly RemedyStep[] {
  const isMoved = bucketUse(replies.redirection).kind !== 'not moved';
  const wanted = graph.registries.flatMap((node) =>
    (node.kind === 'bucket' && isMoved ? [] : narrowRoles(node, permissions)).map((role) => ({ node, role })),
  );
  const steps = wanted.slice(0, STEPS_MAX).map(({ node, role }): RemedyStep => {
    const added = addMember(node, { role, condition: binding.condition }, member, replies.project);
    return added.gcloud.length === 0 ? added : { ...added, say: `${ONLY_IF[role] ?? ''}${added.say}` };
  });
  const left = wanted.length - steps.length;
  return left > 0 ? [...steps, handStep(`And the same on ${left} more.`)] : steps;
}

const WRITER = 'roles/artifactregistry.writer';
const ONLY_IF: Readonly<Record<string, string>> = {
  [WRITER]: 'Only if it pushes there (roles/artifactregistry.repoAdmin where it has to delete): ',
  'roles/artifactregistry.reader': 'Only if it pulls from there: ',
  'roles/storage.objectUser': 'Only if it pushes to this host of gcr.io: ',
  'roles/storage.objectViewer': 'Only if it pulls from this host of gcr.io: ',
};

/** The narrowest roles on one registry with which somebody can push or pull who can by these permissions. */
function narrowRoles(node: PolicyNode, permissions: readonly Permission[]): readonly string[] {
  if (node.kind === 'repository') {
    const takesPushes = (node.repository.mode ?? 'STANDARD_REPOSITORY') === 'STANDARD_REPOSITORY';
    if (takesPushes && permissions.includes('artifactregistry.repositories.uploadArtifacts')) return [WRITER];
    return permissions.includes('artifactregistry.repositories.downloadArtifacts')
      ? ['roles/artifactregistry.reader']
      : [];
  }
  if (node.kind !== 'bucket') return [];
  // A push asks for the bucket itself too, and only the legacy roles hold storage.buckets.get without more.
  if (permissions.includes('storage.objects.create'))
    return ['roles/storage.objectUser', 'roles/storage.legacyBucketReader'];
  return permissions.includes('storage.objects.get') ? ['roles/storage.objectViewer'] : [];
}
