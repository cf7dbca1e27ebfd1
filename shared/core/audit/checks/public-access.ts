import { known } from '../../fact.ts';
import type { Finding, RemedyStep, Severity } from '../../finding.ts';
import { type Ability, abilitiesOn } from '../ability.ts';
import { bindingEvidence, bindingSubject, bucketNameOf, removeMember, underCondition } from '../binding.ts';
import { bucketAclRemoval } from '../bucket-setting.ts';
import { type AuditCase, type Check, findingOf } from '../check.ts';
import { command } from '../command.ts';
import { bind, bucketWith, repliesWith, repositoryWith } from '../example.ts';
import type { GraphBinding, PolicyNode } from '../graph.ts';
import { isPublic } from '../member.ts';
import { memberKindsOf } from '../member-kinds.ts';
import { bucketUse } from '../redirection.ts';
import { cis, google } from '../reference.ts';
import { noStep } from '../remedy-step.ts';

/** A binding or a list entry that lets everybody in. */
export const publicAccess: Check = {
  id: 'public-access',
  title: 'Images are open to everybody',
  severity: 'critical',
  rationale:
    'Images hold code, and more often than anybody means to, secrets. Where everybody can write, everybody decides what your clusters run. A registry that is meant to be public is an exception with an owner, not a failure.',
  decided:
    '`allUsers` or `allAuthenticatedUsers` holds, on a bucket, a repository or the project, a role with a permission over images; or an access control list of a bucket names them. Critical where they can change something, high where they can read, medium where they can only list. Enforced public access prevention makes a bucket PASS. With uniform access off and no such entry it is UNKNOWN, because lists of single objects are not read.',
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
    const unlisted = graph.unlisted.map(({ resource, label, reason }) =>
      findingOf(publicAccess, audit, {
        status: 'UNKNOWN',
        resource,
        evidence: `${label} could not be listed: ${reason}`,
      }),
    );
    return [...unlisted, ...[graph.project, ...graph.registries].flatMap((node) => answerFor(node, audit))];
  },
};

function answerFor(node: PolicyNode, audit: AuditCase): readonly Finding[] {
  const say = (status: 'PASS' | 'UNKNOWN', evidence: string): readonly Finding[] => [
    findingOf(publicAccess, audit, { status, resource: node.resource, evidence }),
  ];
  const bucket = node.kind === 'bucket' && node.bucket.kind === 'known' ? node.bucket.value : null;
  if (bucket?.publicAccessPrevention === 'enforced') {
    return say(
      'PASS',
      `Public access prevention is enforced on ${node.label} and overrides every public grant`,
    );
  }
  if (node.bindings.kind === 'unknown') {
    return say('UNKNOWN', `The policy of ${node.label} could not be read: ${node.bindings.reason}`);
  }
  const open = [...publicBindings(node, node.bindings.value, audit), ...publicEntries(node, audit)];
  if (open.length > 0) return open;
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

function publicBindings(
  node: PolicyNode,
  bindings: readonly GraphBinding[],
  audit: AuditCase,
): readonly Finding[] {
  if (!memberKindsOf(node).hasPublic) return [];
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
      const kinds = node.kind === 'project' ? (['project', 'bucket', 'repository'] as const) : [node.kind];
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
          remediation: guarded(node, audit, [removeMember(node, binding, member, audit.replies.project)]),
        }),
      ];
    }),
  );
}

/** What the roles of access control lists amount to, for the bucket and for the objects that it makes. */
const LIST_ABILITIES: Readonly<Record<'bucket' | 'objects', Readonly<Record<string, readonly Ability[]>>>> = {
  bucket: {
    READER: ['list'],
    WRITER: ['list', 'push', 'delete'],
    OWNER: ['list', 'push', 'delete', 'administer'],
  },
  objects: { READER: ['read'], OWNER: ['read', 'administer'] },
};

function publicEntries(node: PolicyNode, audit: AuditCase): readonly Finding[] {
  if (node.kind !== 'bucket' || node.bucket.kind === 'unknown') return [];
  const { uniformAccess, acl, defaultObjectAcl } = node.bucket.value;
  if (uniformAccess.kind === 'known' && uniformAccess.value) return [];
  const url = `gs://${bucketNameOf(node)}`;
  const lists = [
    { list: acl, of: 'bucket', name: 'access control list', flag: '--remove-acl-grant' },
    {
      list: defaultObjectAcl,
      of: 'objects',
      name: 'default object access control list',
      flag: '--remove-default-object-acl-grant',
    },
  ] as const;
  return lists.flatMap(({ list, of, name, flag }) => {
    if (list.kind === 'unknown') return [];
    return list.value
      .filter(({ entity }) => isPublic(entity))
      .map(({ entity, role }) => {
        // A word not known here counts as the worst: the entry is public whatever it means.
        const abilities = LIST_ABILITIES[of][role] ?? (['administer'] as const);
        return findingOf(publicAccess, audit, {
          status: 'FAIL',
          resource: node.resource,
          subject: [entity, name, role],
          severity: severityOf(abilities),
          evidence: `${entity} has ${role} in the ${name} of ${node.label}: can ${abilities.join(', ')}`,
          risk: riskOf(abilities),
          remediation: guarded(node, audit, [
            {
              say: `Take ${entity} out of the ${name}. Objects that are there keep their own lists until uniform access is on.`,
              gcloud: [command('gcloud', 'storage', 'buckets', 'update', url, `${flag}=${entity}`)],
              terraform: bucketAclRemoval(bucketNameOf(node), of, entity, role),
            },
          ]),
        });
      });
  });
}

/** No remedy touches a bucket that images are being copied from. */
function guarded(node: PolicyNode, audit: AuditCase, steps: readonly RemedyStep[]): readonly RemedyStep[] {
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
