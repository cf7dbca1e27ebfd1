import { known } from '../../fact.ts';
import type { Finding, Severity } from '../../finding.ts';
import { addMember, bindingSubject, removeMember, underCondition } from '../binding.ts';
import { type AuditCase, type Check, findingOf } from '../check.ts';
import { remark } from '../command.ts';
import { type Ability, abilitiesOn } from '../grants.ts';
import type { GraphBinding } from '../graph.ts';
import { isContainerRegistryAgent, isDeleted, isPerson, isPublic, isServiceAgent } from '../member.ts';
import type { Permission } from '../role-permissions.ts';

/** More lines than this nobody copies; a remark says how many are left out. */
const REPOSITORIES_NAMED_MAX = 20;

/** A right to change images that holds for every registry of the project at once. */
export const broadProjectGrant: Check = {
  id: 'broad-project-grant',
  title: 'A project-wide role can change images',
  severity: 'high',
  decided:
    "A binding on the project whose role holds a permission to push, delete or administer images in buckets or repositories, judged by permission (`storage.admin`, basic Editor and Owner, custom roles alike). High for accounts that programs use and for delete or administer, medium for people and for push alone, low for deleted accounts and for Google's service agents. Service agents that hold a role made for service agents are fine, and `allUsers` belongs to public-access.",
  run(audit) {
    const { project } = audit.graph;
    const say = (status: 'PASS' | 'UNKNOWN', evidence: string): Finding =>
      findingOf(broadProjectGrant, audit, { status, resource: project.resource, evidence });
    if (project.bindings.kind === 'unknown') {
      return [say('UNKNOWN', `The policy of ${project.label} could not be read: ${project.bindings.reason}`)];
    }
    const found = project.bindings.value.flatMap((binding) => answersFor(binding, audit));
    return found.length > 0 ? found : [say('PASS', `No role on ${project.label} can change images`)];
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
): readonly string[] {
  const { graph, replies } = audit;
  const removal = removeMember(graph.project, binding, member, replies.project);
  if (isContainerRegistryAgent(member)) {
    return [
      remark('The swap that Google documents, in this order:'),
      addMember(
        graph.project,
        { role: 'roles/containerregistry.ServiceAgent', condition: known(null) },
        member,
        replies.project,
      ),
      removal,
    ];
  }
  if (isServiceAgent(member)) {
    return [
      remark('no command: this is a service agent of Google, and its service may stop without this role.'),
      remark(
        'See https://cloud.google.com/iam/docs/service-agents for the role it should have, add that first.',
      ),
    ];
  }
  if (isDeleted(member)) return [removal];
  const first: string[] = [];
  if (permissions.includes('resourcemanager.projects.setIamPolicy')) {
    first.push(remark('Make sure that somebody else can still administer the project.'));
  }
  if (permissions.some((permission) => permission.startsWith('storage.'))) {
    first.push(
      remark(
        'The role reaches every bucket of the project: grant roles/storage.objectUser on the ones really used.',
      ),
    );
  }
  return [...first, ...narrower(member, binding, permissions, audit), removal];
}

/** Adds the right to push on single repositories before the wide one goes, so that no pusher is locked out. */
function narrower(
  member: string,
  binding: GraphBinding,
  permissions: readonly Permission[],
  { graph, replies }: AuditCase,
): readonly string[] {
  if (!permissions.includes('artifactregistry.repositories.uploadArtifacts')) return [];
  const repositories = graph.registries.filter(
    (node) =>
      node.kind === 'repository' && (node.repository.mode ?? 'STANDARD_REPOSITORY') === 'STANDARD_REPOSITORY',
  );
  const lines = repositories
    .slice(0, REPOSITORIES_NAMED_MAX)
    .map((node) =>
      addMember(
        node,
        { role: 'roles/artifactregistry.writer', condition: binding.condition },
        member,
        replies.project,
      ),
    );
  const left = repositories.length - lines.length;
  return [
    remark(
      'Run only the lines of repositories that it pushes to (roles/artifactregistry.repoAdmin where it has to delete):',
    ),
    ...lines,
    ...(left > 0 ? [remark(`and the same for ${left} more repositories`)] : []),
  ];
}
