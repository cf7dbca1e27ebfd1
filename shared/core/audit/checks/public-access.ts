import { known } from '../../fact.ts';
import type { Finding, RemedyStep, Severity } from '../../finding.ts';
import { type Ability, abilitiesOn } from '../ability.ts';
import { bindingEvidence, bindingSubject, bucketNameOf, removeMember, underCondition } from '../binding.ts';
import { ACL_NAMES, aclGrants } from '../bucket-acl.ts';
import { removeEntry } from '../bucket-setting.ts';
import { type AuditCase, type Check, findingOf } from '../check.ts';
import { bind, bucketWith, repliesWith, repositoryWith } from '../example.ts';
import { type AncestorNode, bindingOf, type PolicyNode, rolesOn } from '../graph.ts';
import { isPublic } from '../member.ts';
import { ancestorsOf, isAbove, unlistedAnswers, unseenAbove } from '../member-answer.ts';
import { bucketUse } from '../redirection.ts';
import { cis, google } from '../reference.ts';
import { handStep, noStep } from '../remedy-step.ts';

/** A binding or a list entry that lets everybody in. */
export const publicAccess: Check = {
  id: 'public-access',
  title: 'Images are open to everybody',
  severity: 'critical',
  rationale:
    'Images hold code, and more often than anybody means to, secrets. Where everybody can write, everybody decides what your clusters run. A registry that is meant to be public is an exception with an owner, not a failure.',
  decided:
    '`allUsers` or `allAuthenticatedUsers` holds, on a bucket, a repository, the project, a folder or the organisation, a role with a permission over images; or an access control list of a bucket names them. Critical where they can change something, high where they can read, medium where they can only list. Public access prevention that is enforced, on the bucket or by the organisation, makes a bucket PASS. With uniform access off and no such entry it is UNKNOWN, because lists of single objects are not read.',
  references: [
    cis('4.0.0', '5.1'),
    google('Access control with IAM', 'https://cloud.google.com/artifact-registry/docs/access-control'),
    google(
      'Remove public access from data',
      'https://cloud.google.com/storage/docs/using-public-access-prevention',
    ),
  ],
  examples: [
    {
      title: 'A repository that everybody can read',
      replies: () =>
        repliesWith({
          locations: known([repositoryWith(bind('roles/artifactregistry.reader', 'allUsers'))]),
        }),
      answers: ['FAIL high', 'PASS'],
    },
    {
      title: 'A bucket that everybody with an account can write to',
      replies: () =>
        repliesWith({
          buckets: [bucketWith([bind('roles/storage.legacyBucketWriter', 'allAuthenticatedUsers')])],
        }),
      answers: ['FAIL critical', 'PASS'],
    },
    {
      title: 'A bucket whose list for new objects lets everybody read',
      replies: () =>
        repliesWith({
          buckets: [
            bucketWith([], {
              uniformAccess: known(false),
              defaultObjectAcl: known([{ entity: 'allUsers', role: 'READER' }]),
            }),
          ],
        }),
      answers: ['FAIL high', 'PASS'],
    },
    {
      title: 'A folder above the project on which everybody is a viewer',
      replies: () =>
        repliesWith({
          ancestors: known([
            {
              name: 'folders/301',
              policy: known({ bindings: [bind('roles/viewer', 'allAuthenticatedUsers')] }),
            },
            { name: 'organizations/77', policy: known({ bindings: [] }) },
          ]),
        }),
      answers: ['FAIL high', 'PASS'],
    },
    {
      title: 'A repository that only its pusher can read',
      replies: () =>
        repliesWith({
          locations: known([
            repositoryWith(
              bind('roles/artifactregistry.writer', 'serviceAccount:ci@acme.iam.gserviceaccount.com'),
            ),
          ]),
        }),
      answers: ['PASS', 'PASS'],
    },
  ],
  run(audit) {
    const { graph } = audit;
    return [
      ...unlistedAnswers(publicAccess, audit),
      ...unseenAbove(publicAccess, audit),
      ...[...ancestorsOf(graph), graph.project, ...graph.registries].flatMap((node) =>
        answerFor(node, audit),
      ),
    ];
  },
};

/** What can be open: a registry, the project, and what is above it, whose grants reach every project below. */
type PublicNode = PolicyNode | AncestorNode;

function answerFor(node: PublicNode, audit: AuditCase): readonly Finding[] {
  const say = (status: 'PASS' | 'UNKNOWN', evidence: string): readonly Finding[] => [
    findingOf(publicAccess, audit, { status, resource: node.resource, evidence }),
  ];
  if (node.kind === 'bucket' && isPrevented(node, audit)) {
    return say(
      'PASS',
      `Public access prevention is enforced on ${node.label} and overrides every public grant`,
    );
  }
  if (node.bindings.kind === 'unknown') {
    return say('UNKNOWN', `The policy of ${node.label} could not be read: ${node.bindings.reason}`);
  }
  const open = [...publicBindings(node, audit), ...publicEntries(node, audit)];
  if (open.length > 0) return open;
  // What is fine above the project is told with the project, in one sentence.
  if (isAbove(node)) return [];
  if (node.kind !== 'bucket')
    return say('PASS', `No binding of ${node.label} gives everybody a permission over images`);
  if (node.bucket.kind === 'unknown') {
    return say(
      'UNKNOWN',
      `${node.label} could not be read, so its access control lists are not known: ${node.bucket.reason}`,
    );
  }
  const { uniformAccess } = node.bucket.value;
  if (uniformAccess.kind === 'known' && uniformAccess.value) {
    return say(
      'PASS',
      `No binding of ${node.label} gives everybody a permission over images, and access control lists do not count`,
    );
  }
  return say(
    'UNKNOWN',
    `No binding of ${node.label} gives everybody a permission over images, but its objects may have access control lists of their own, which are not read`,
  );
}

function isPrevented(node: PolicyNode & { readonly kind: 'bucket' }, audit: AuditCase): boolean {
  if (node.bucket.kind === 'unknown') return false;
  const { publicAccessPrevention } = node.bucket.value;
  const above = audit.replies.orgPolicies['storage.publicAccessPrevention'];
  const isAboveEnforced = above.kind === 'known' && above.value.kind === 'boolean' && above.value.enforced;
  return publicAccessPrevention === 'enforced' || (publicAccessPrevention === 'inherited' && isAboveEnforced);
}

function publicBindings(node: PublicNode, audit: AuditCase): readonly Finding[] {
  const bindings = rolesOn(node)
    .filter(({ kinds }) => kinds.hasPublic)
    .flatMap((role) => role.written.map((written) => bindingOf(role, written)));
  return bindings.flatMap((binding) =>
    binding.members.filter(isPublic).flatMap((member) => {
      const subject = bindingSubject(binding, member);
      const says = `${member} has ${binding.role} on ${node.label}${underCondition(binding)}`;
      if (binding.permissions.kind === 'unknown') {
        const evidence = `${says}, and what that role allows could not be read: ${binding.permissions.reason}`;
        return [
          findingOf(publicAccess, audit, { status: 'UNKNOWN', resource: node.resource, subject, evidence }),
        ];
      }
      const kinds =
        node.kind === 'bucket' || node.kind === 'repository'
          ? [node.kind]
          : (['project', 'bucket', 'repository'] as const);
      const abilities = abilitiesOn(kinds, binding.permissions.value);
      if (abilities.length === 0) return [];
      return [
        findingOf(publicAccess, audit, {
          status: 'FAIL',
          resource: node.resource,
          subject,
          severity: severityOf(abilities),
          evidence: `${says}: can ${abilities.join(', ')}`,
          binding: bindingEvidence(node, binding, member),
          risk: riskOf(abilities),
          remediation: () =>
            guarded(node, audit, [
              ...(isAbove(node)
                ? [handStep(`This reaches every project below ${node.label}: see to those first.`)]
                : []),
              removeMember(node, binding, member, audit.replies.project),
            ]),
        }),
      ];
    }),
  );
}

function publicEntries(node: PublicNode, audit: AuditCase): readonly Finding[] {
  if (node.kind !== 'bucket') return [];
  return aclGrants(node, audit.graph)
    .grants.filter(({ entity }) => isPublic(entity))
    .map((grant) => {
      const { entity, role, list, abilities, step } = grant;
      return findingOf(publicAccess, audit, {
        status: 'FAIL',
        resource: node.resource,
        subject: [entity, ACL_NAMES[list], role],
        severity: severityOf(abilities),
        evidence: `${entity} has ${step}: can ${abilities.join(', ')}`,
        risk: riskOf(abilities),
        remediation: () => guarded(node, audit, [removeEntry(bucketNameOf(node), grant)]),
      });
    });
}

/** No remedy touches a bucket that images are being copied from. */
function guarded(node: PublicNode, audit: AuditCase, steps: readonly RemedyStep[]): readonly RemedyStep[] {
  const use = bucketUse(audit.replies.redirection);
  if (node.kind !== 'bucket' || use.kind !== 'untouchable') return steps;
  return [noStep(use.why)];
}

function severityOf(abilities: readonly Ability[]): Severity {
  if (abilities.some((ability) => ability !== 'list' && ability !== 'read')) return 'critical';
  return abilities.includes('read') ? 'high' : 'medium';
}

function riskOf(abilities: readonly Ability[]): string {
  if (severityOf(abilities) === 'critical') return 'Anybody can replace or remove what your clusters run.';
  return abilities.includes('read')
    ? 'Anybody can pull the images, with whatever code and secrets are in them.'
    : 'Anybody can see what there is, down to the names of the layers.';
}
