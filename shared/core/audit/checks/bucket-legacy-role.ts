import { type Fact, known } from '../../fact.ts';
import type { IamCondition } from '../access.ts';
import { addMember, removeMember, underCondition } from '../binding.ts';
import type { Check } from '../check.ts';
import { bind, bucketWith, repliesWith } from '../example.ts';
import { AccessResolver, type Holders } from '../holders.ts';
import { convenienceOf, isDeleted, isPublic } from '../member.ts';
import { answerForMembers } from '../member-answer.ts';
import { bucketUse } from '../redirection.ts';
import { google } from '../reference.ts';
import { whoseIs } from '../whose.ts';

const CI = 'serviceAccount:ci@acme.iam.gserviceaccount.com';
const WRITER = 'roles/storage.legacyBucketWriter';
const READER = 'roles/storage.legacyBucketReader';
const NOT_MOVED = known('REDIRECTION_FROM_GCR_IO_DISABLED');

const withBucket = (...bindings: ReturnType<typeof bind>[]) =>
  repliesWith({ redirection: NOT_MOVED, buckets: [bucketWith(bindings)] });

/** A role that was meant to let somebody pull, and does not. */
export const bucketLegacyRole: Check = {
  id: 'bucket-legacy-role',
  title: 'A legacy bucket role stands where an object role is meant',
  severity: 'low',
  rationale:
    "`legacyBucketReader` lists a bucket and reads nothing of it; `legacyBucketWriter` writes and deletes what it can't read. Where a pull then fails, the next grant is `storage.admin`.",
  decided:
    "Only for a registry that still lives in its buckets. A member has one of the two roles on a bucket and `storage.objects.get` by nothing that holds whenever the role does: not there, not on the project or above, not through a group; that everybody can read is no right of his. Where not every way could be read it is UNKNOWN. What Google itself grants to a project's owners, editors and viewers is as it should be.",
  references: [
    google('Container Registry access', 'https://cloud.google.com/container-registry/docs/access-control'),
    google('IAM roles for Cloud Storage', 'https://cloud.google.com/storage/docs/access-control/iam-roles'),
  ],
  examples: [
    {
      title: 'A cluster that was meant to pull',
      replies: () => withBucket(bind(READER, CI)),
      answers: ['FAIL low'],
    },
    {
      title: 'A build that writes what it can not read',
      replies: () => withBucket(bind(WRITER, CI)),
      answers: ['FAIL low'],
    },
    {
      title: 'The role beside one that reads objects',
      replies: () => withBucket(bind(READER, CI), bind('roles/storage.objectUser', CI)),
      answers: ['PASS'],
    },
  ],
  run(audit) {
    const { graph, replies, nowMs } = audit;
    const use = bucketUse(replies.redirection);
    // After the move these grants mean nothing at all, which is a question of its own.
    if (use.kind === 'left over') return [];
    const resolver = new AccessResolver(graph, nowMs);
    const readers = new Map<string, Holders>();
    return answerForMembers(bucketLegacyRole, audit, {
      nodes: graph.registries.filter(({ kind }) => kind === 'bucket'),
      concerns: (member, _node, role) =>
        (role === READER || role === WRITER) &&
        convenienceOf(member) === null &&
        !isPublic(member) &&
        !isDeleted(member),
      judge: ({ node, binding, member }) => {
        const says = `${member} has ${binding.role} on ${node.label}${underCondition(binding)}`;
        const { holdings, unseen } = readersOf(node);
        const reads = holdings.some(
          ({ who, grant, conditions }) =>
            // One that holds whenever the binding itself does is as good as one that always holds.
            conditions.every((each) => isSame(each, binding.condition)) &&
            (who === member || grant.member === member),
        );
        if (reads) return [];
        if (unseen.length > 0) {
          return [
            {
              status: 'UNKNOWN',
              evidence: `${says}; whether it can read objects is not known: ${unseen[0]}`,
            },
          ];
        }
        if (use.kind === 'untouchable') return [{ status: 'UNKNOWN', evidence: `${says}; ${use.why}` }];
        // Who has no business here gets no more than before.
        const isOutside = whoseIs(member, audit).kind === 'outside';
        const give = (role: string) => addMember(node, { ...binding, role }, member, replies.project);
        const isWriter = binding.role === WRITER;
        const given = isWriter ? ['roles/storage.objectUser', READER] : ['roles/storage.objectViewer'];
        return [
          {
            status: 'FAIL',
            evidence: `${says} and nothing of its own that reads objects`,
            risk: 'What was meant does not work, and the next who tries to mend it grants more than is needed.',
            remediation: () => [
              ...(isOutside ? [] : given.map(give)),
              removeMember(node, binding, member, replies.project),
            ],
          },
        ];
      },
      // Where the state of the move is not known, nobody can say that the question is the right one.
      passes: (node) =>
        use.kind === 'untouchable'
          ? null
          : `Whoever has a legacy bucket role on ${node.label} can read objects`,
    });

    function readersOf(node: Parameters<AccessResolver['direct']>[0]): Holders {
      const stored = readers.get(node.resource) ?? resolver.direct(node, 'storage.objects.get');
      readers.set(node.resource, stored);
      return stored;
    }
  },
};

function isSame(one: Fact<IamCondition>, other: Fact<IamCondition | null>): boolean {
  return one.kind === 'known' && other.kind === 'known' && one.value.expression === other.value?.expression;
}
