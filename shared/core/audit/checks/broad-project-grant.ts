import { known } from '../../fact.ts';
import type { RemedyStep, Severity } from '../../finding.ts';
import { type Ability, abilitiesOn } from '../ability.ts';
import { addMember, removeMember, underCondition } from '../binding.ts';
import type { AuditCase, Check } from '../check.ts';
import { bind, repliesWith, repositoryWith } from '../example.ts';
import { type AccessGraph, type PolicyNode, projectResource, rolesOn } from '../graph.ts';
import {
  convenienceOf,
  isContainerRegistryAgent,
  isDeleted,
  isPerson,
  isPublic,
  isServiceAgent,
} from '../member.ts';
import {
  ancestorsOf,
  answerForMembers,
  isAbove,
  isAgentAtWork,
  type MemberAnswer,
  type MemberCase,
  unseenAbove,
} from '../member-answer.ts';
import { bucketUse } from '../redirection.ts';
import { cis, google } from '../reference.ts';
import { handStep, noStep } from '../remedy-step.ts';
import type { Permission } from '../role-permissions.ts';
import { whoseIs } from '../whose.ts';

const CI = 'serviceAccount:ci@acme.iam.gserviceaccount.com';

/** What is known of a project with one repository and these bindings. */
const project = (...bindings: ReturnType<typeof bind>[]) =>
  repliesWith({ projectPolicy: known({ bindings }), locations: known([repositoryWith()]) });

/** More steps than this nobody takes; the last one says how many are left out. */
const STEPS_MAX = 20;

/** A right to change images that holds for every registry of the project at once. */
export const broadProjectGrant: Check = {
  id: 'broad-project-grant',
  title: 'A role on the project or above it can change images',
  severity: 'high',
  rationale:
    'A role on the project, on a folder or on the organisation reaches every registry below, those of tomorrow too. The usual one is `storage.admin`, given for a first push and never taken back.',
  decided:
    "A binding on the project, a folder above it or the organisation whose role holds a permission to push, delete or administer images in buckets or repositories, judged by permission (`storage.admin`, basic Editor and Owner, custom roles alike). High for accounts that programs use and for delete or administer, medium for people and for push alone, low for deleted accounts and for Google's service agents. Service agents that hold a role made for service agents are fine; the old Container Registry agent belongs to container-registry-agent, and `allUsers` to public-access.",
  references: [
    cis('4.0.0', '1.5'),
    cis('5.0.0', '1.6'),
    google(
      'Grant repository-specific permissions',
      'https://cloud.google.com/artifact-registry/docs/access-control#grant-repo',
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
      title: 'A basic role of an account that programs use',
      replies: () => project(bind('roles/editor', CI)),
      answers: ['FAIL high'],
    },
    {
      title: 'A basic role that somebody has on the whole organisation',
      replies: () =>
        repliesWith({
          ancestors: known([
            {
              name: 'organizations/77',
              policy: known({ bindings: [bind('roles/owner', 'user:ada@example.com')] }),
            },
          ]),
        }),
      answers: ['FAIL medium', 'PASS'],
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
    const { graph } = audit;
    return [
      ...unseenAbove(broadProjectGrant, audit),
      ...answerForMembers(broadProjectGrant, audit, {
        nodes: [...ancestorsOf(graph), graph.project],
        concerns: (member, node, role) =>
          !isPublic(member) &&
          !isAgentAtWork(member, role) &&
          !(node.kind === 'project' && BASIC.includes(role) && isContainerRegistryAgent(member)),
        judge: (each) => judge(each, audit),
        passes: (node) => (isAbove(node) ? null : `No role on ${node.label} can change images`),
      }),
    ];
  },
};

/** What container-registry-agent asks about. */
const BASIC = ['roles/editor', 'roles/owner'];

function judge(
  { node, binding, member, permissions }: MemberCase,
  audit: AuditCase,
): readonly MemberAnswer[] {
  const changes = abilitiesOn(['bucket', 'repository'], permissions).filter(
    (ability) => ability !== 'list' && ability !== 'read',
  );
  if (changes.length === 0) return [];
  return [
    {
      status: 'FAIL',
      severity: severityOf(member, changes),
      evidence: `${member} has ${binding.role} on ${node.label}${underCondition(binding)}: can ${changes.join(', ')} in ${where(permissions)}`,
      risk: isDeleted(member)
        ? 'The account is deleted, and has its rights again when somebody undeletes it.'
        : `Whoever gets hold of this account can replace or remove images in every registry ${node.kind === 'project' ? 'of the project' : 'below'}.`,
      remediation: () => remedyFor({ node, binding, member, permissions }, audit),
    },
  ];
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

function remedyFor(each: MemberCase, audit: AuditCase): readonly RemedyStep[] {
  const { node, member, binding, permissions } = each;
  const { graph, replies } = audit;
  const removal = removeMember(node, binding, member, replies.project);
  if (isServiceAgent(member)) {
    return [
      handStep(
        'This is a service agent of Google, and its service may stop without this role. Find the role that it should have at https://cloud.google.com/iam/docs/service-agents and add that first.',
      ),
    ];
  }
  // Who has no business here gets nothing in its place.
  if (isDeleted(member) || whoseIs(member, audit).kind === 'outside') return [removal];
  const use = bucketUse(replies.redirection);
  const reachesBuckets = permissions.some((permission) => permission.startsWith('storage.'));
  const hasBucket = graph.registries.some(({ kind }) => kind === 'bucket');
  if (reachesBuckets && hasBucket && use.kind === 'untouchable') return [noStep(use.why)];
  const first: RemedyStep[] = [];
  if (node.kind !== 'project') {
    first.push(
      handStep(
        `The role reaches every project below ${node.label}, and the steps here keep only what is needed in ${graph.project.label}: audit the others too before the last one.`,
      ),
    );
  }
  if (BASIC.includes(binding.role)) {
    first.push(
      handStep(
        'A basic role reaches far more than images: see in the IAM recommender (console, IAM, security insights) what it uses, and grant that first.',
      ),
    );
  }
  if (permissions.includes('resourcemanager.projects.setIamPolicy')) {
    first.push(handStep(`Make sure that somebody else can still administer ${node.label}.`));
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
  return [...first, ...narrower(each, audit), removal];
}

/** Adds what the member may need on single registries before the wide role goes, so that nobody is locked out. */
function narrower(
  { member, binding, permissions }: MemberCase,
  { graph, replies }: AuditCase,
): readonly RemedyStep[] {
  const isMoved = bucketUse(replies.redirection).kind !== 'not moved';
  const wanted = graph.registries.flatMap((node) =>
    (node.kind === 'bucket' && isMoved
      ? []
      : narrowRoles(node, [...permissions, ...byTeam(node, binding.role, graph)])
    ).map((role) => ({ node, role })),
  );
  const steps = wanted.slice(0, STEPS_MAX).map(({ node, role }): RemedyStep => {
    const added = addMember(node, { role, condition: binding.condition }, member, replies.project);
    return added.gcloud.length === 0 ? added : { ...added, say: `${ONLY_IF[role] ?? ''}${added.say}` };
  });
  const left = wanted.length - steps.length;
  return left > 0 ? [...steps, handStep(`And the same on ${left} more.`)] : steps;
}

/** What a basic role gives on a registry by the convenience member that stands for its holders, there or above. */
function byTeam(registry: PolicyNode, role: string, graph: AccessGraph): readonly Permission[] {
  const all = [registry, graph.project, ...ancestorsOf(graph)].flatMap(rolesOn);
  return all.flatMap(({ permissions, written, kinds }) => {
    const names =
      kinds.hasSets &&
      written.some(({ members }) =>
        members.some((member) => {
          const team = convenienceOf(member);
          return team?.role === role && graph.project.resource === projectResource(team.project);
        }),
      );
    return names && permissions.kind === 'known' ? permissions.value : [];
  });
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
