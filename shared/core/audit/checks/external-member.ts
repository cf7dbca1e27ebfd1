import { known } from '../../fact.ts';
import type { Finding, RemedyStep, Severity } from '../../finding.ts';
import { type Ability, abilitiesOn } from '../ability.ts';
import { bucketNameOf, removeMember, underCondition } from '../binding.ts';
import { ACL_NAMES, aclGrants } from '../bucket-acl.ts';
import { removeEntry } from '../bucket-setting.ts';
import { type AuditCase, type Check, findingOf } from '../check.ts';
import { command } from '../command.ts';
import { bind, bucketWith, repliesWith, repositoryWith } from '../example.ts';
import type { AccessNode } from '../graph.ts';
import { groupOf, isDeleted, isPublic } from '../member.ts';
import {
  ancestorsOf,
  answerForMembers,
  isAbove,
  isAgentAtWork,
  type MemberAnswer,
  type MemberCase,
  type SharedUnknown,
  unlistedAnswers,
  unseenAbove,
} from '../member-answer.ts';
import { bucketUse } from '../redirection.ts';
import { google } from '../reference.ts';
import { noStep } from '../remedy-step.ts';
import type { Permission } from '../role-permissions.ts';
import { standsOf } from '../stand-for.ts';
import { type Whose, whoseOnce } from '../whose.ts';

const READER = 'roles/artifactregistry.reader';

/** What is known of a project where these members read a repository. */
const readBy = (...members: string[]) =>
  repliesWith({ locations: known([repositoryWith(bind(READER, ...members))]) });

/** Somebody from elsewhere who can do something to images. */
export const externalMember: Check = {
  id: 'external-member',
  title: 'Somebody outside the organisation can reach images',
  severity: 'high',
  rationale:
    'Nobody takes an account of another domain away when its owner leaves, and no rule of yours about passwords or second factors holds for it.',
  decided:
    "A user, group, domain or principal that has a permission over images, by a binding on a repository, a bucket, the project or what is above it, or as a member of a group there, or by an entry of a bucket's access control lists that count, and whose domain is not the organisation's primary one. High where it can change something, medium where it can read or list, low where the account is deleted. Accounts and pools of projects that were not read are UNKNOWN, and so is, in one finding a policy, everybody with a domain where the project is in no organisation. A second domain of your own is an exception with an owner. Everybody at once belongs to public-access. Where uniform access of a bucket is off, the lists of its single objects are UNKNOWN: they are not read.",
  references: [
    google(
      'Restricting identities by domain',
      'https://cloud.google.com/resource-manager/docs/organization-policy/restricting-domains',
    ),
  ],
  examples: [
    {
      title: 'A private account that can delete images',
      replies: () =>
        repliesWith({
          locations: known([repositoryWith(bind('roles/artifactregistry.repoAdmin', 'user:ada@gmail.com'))]),
        }),
      answers: ['FAIL high', 'PASS'],
    },
    {
      title: 'A group of another company that reads',
      replies: () => readBy('group:ops@contractor.example'),
      answers: ['FAIL medium', 'PASS'],
    },
    {
      title: 'A private account in the access control list of a bucket',
      replies: () =>
        repliesWith({
          buckets: [
            bucketWith([], {
              uniformAccess: known(false),
              acl: known([{ entity: 'user-ada@gmail.com', role: 'WRITER' }]),
            }),
          ],
        }),
      answers: ['FAIL high', 'UNKNOWN', 'PASS', 'PASS'],
    },
    {
      title: "A contractor in a group of the organisation's own",
      replies: () => ({
        ...readBy('group:eng@example.com'),
        groups: {
          'eng@example.com': known({
            members: ['user:ada@contractor.example', 'user:bob@example.com'],
            others: [],
          }),
        },
      }),
      answers: ['FAIL medium', 'PASS'],
    },
    {
      title: 'An account of a project that was not read',
      replies: () => readBy('serviceAccount:ci@elsewhere.iam.gserviceaccount.com'),
      answers: ['UNKNOWN', 'PASS'],
    },
    {
      title: 'Two people, and no organisation that they could belong to',
      replies: () => ({
        ...readBy('user:ada@example.com', 'user:bob@example.com'),
        organization: known(null),
      }),
      answers: ['UNKNOWN', 'PASS'],
    },
    {
      title: 'People of the organisation and accounts of the project',
      replies: () => readBy('user:bob@example.com', 'serviceAccount:ci@acme.iam.gserviceaccount.com'),
      answers: ['PASS', 'PASS'],
    },
  ],
  run(audit): readonly Finding[] {
    const { graph } = audit;
    const stands = standsOf(graph);
    const whose = whoseOnce(audit);
    return [
      ...unlistedAnswers(externalMember, audit),
      ...unseenAbove(externalMember, audit),
      ...answerForMembers(externalMember, audit, {
        nodes: [...ancestorsOf(graph), graph.project, ...graph.registries],
        allows: (permissions, node) => imageAbilities(node, permissions).length > 0,
        ofOthers: true,
        concerns: (member, _node, role) =>
          mayBeOutside(member) && !isPublic(member) && !isAgentAtWork(member, role),
        judge: (each) => judge(each, audit, stands, whose),
        passes: (node) =>
          isAbove(node)
            ? null
            : `Nobody from outside has a permission over images by the policy of ${node.label}`,
      }),
      ...graph.registries.flatMap((node) => (node.kind === 'bucket' ? inLists(node, audit, whose) : [])),
    ];

    /** Members that are certainly inside need no answer even where their role is not known. */
    function mayBeOutside(member: string): boolean {
      return groupOf(member) !== null || whose(member).kind !== 'own';
    }
  },
};

function judge(
  each: MemberCase,
  audit: AuditCase,
  stands: ReturnType<typeof standsOf>,
  whoseOf: (member: string) => Whose,
): readonly MemberAnswer[] | SharedUnknown {
  const { node, binding, member, permissions } = each;
  const abilities = imageAbilities(node, permissions);
  const whose = whoseOf(member);
  const saying = (): string =>
    `has ${binding.role} on ${node.label}${underCondition(binding)}: can ${abilities.join(', ')}`;
  if (whose.kind === 'unclear' && whose.ofAll === true && groupOf(member) === null) {
    return { status: 'UNKNOWN of many', evidence: () => `${member} ${saying()}; ${whose.why}` };
  }
  const says = saying();
  if (whose.kind === 'unclear') {
    return [{ status: 'UNKNOWN', evidence: `${member} ${says}; ${whose.why}` }];
  }
  if (whose.kind === 'outside') {
    return [
      {
        status: 'FAIL',
        severity: severityOf(member, abilities),
        evidence: `${member} ${says}; ${whose.why}`,
        risk: RISK,
        remediation: () => guarded(each, audit, [removeMember(node, binding, member, audit.replies.project)]),
      },
    ];
  }
  const group = groupOf(member);
  return group === null ? [] : insideGroup(group);

  function insideGroup(address: string): readonly MemberAnswer[] {
    const { stands: inside, unseen } = stands(member);
    const answers = inside.flatMap(({ who, path }): readonly MemberAnswer[] => {
      const isIn = whoseOf(who);
      if (who === member || isIn.kind === 'own') return [];
      const evidence = `${who} is ${path.join(', ')}, which ${says}; ${isIn.why}`;
      if (isIn.kind === 'unclear') return [{ status: 'UNKNOWN', about: who, evidence }];
      return [
        {
          status: 'FAIL',
          about: who,
          severity: severityOf(who, abilities),
          evidence,
          risk: RISK,
          remediation: () => [leaveGroup(path[0]?.replace('in group:', '') ?? address, who)],
        },
      ];
    });
    if (unseen.length === 0) return answers;
    const evidence = `${member} ${says}; who is in it is not known: ${unseen[0]}`;
    return [...answers, { status: 'UNKNOWN', about: 'members', evidence }];
  }
}

function imageAbilities({ kind }: AccessNode, permissions: readonly Permission[]): readonly Ability[] {
  const kinds = kind === 'repository' || kind === 'bucket' ? [kind] : (['bucket', 'repository'] as const);
  return abilitiesOn(kinds, permissions);
}

const RISK =
  'Somebody whose account you do not run can reach your images, for as long as nobody remembers it.';

function severityOf(member: string, abilities: readonly Ability[]): Severity {
  if (isDeleted(member)) return 'low';
  return abilities.some((ability) => ability !== 'list' && ability !== 'read') ? 'high' : 'medium';
}

function leaveGroup(group: string, member: string): RemedyStep {
  return {
    say: `Take ${member} out of ${group}: it loses what else the group may do too. Whoever needs that gets it by name.`,
    gcloud: [
      command(
        'gcloud',
        'identity',
        'groups',
        'memberships',
        'delete',
        `--group-email=${group}`,
        `--member-email=${member.slice(member.indexOf(':') + 1)}`,
      ),
    ],
    terraform: null,
  };
}

/** Those whom an access control list names; what they can do there no binding says. */
function inLists(
  node: AccessNode & { readonly kind: 'bucket' },
  audit: AuditCase,
  whoseOf: (member: string) => Whose,
): readonly Finding[] {
  const { grants, unseen } = aclGrants(node, audit.graph);
  const { resource } = node;
  const found = grants.flatMap((grant) => {
    const { member, entity, role, list, abilities, step, on } = grant;
    const whose = whoseOf(member);
    if (whose.kind === 'own') return [];
    const subject = [entity, ACL_NAMES[list], role];
    const evidence = `${member} has ${step}: can ${abilities.join(', ')} on ${on}; ${whose.why}`;
    if (whose.kind === 'unclear') {
      return [findingOf(externalMember, audit, { status: 'UNKNOWN', resource, subject, evidence })];
    }
    return [
      findingOf(externalMember, audit, {
        status: 'FAIL',
        severity: severityOf(member, abilities),
        resource,
        subject,
        evidence,
        risk: RISK,
        remediation: () => guarded({ node }, audit, [removeEntry(bucketNameOf(node), grant)]),
      }),
    ];
  });
  const why = node.bucket.kind === 'known' ? unseen[0] : undefined;
  if (why === undefined) return found;
  const evidence = `Whom access control lists let in is not all known: ${why}`;
  const answer = { status: 'UNKNOWN', resource, subject: 'access control lists', evidence } as const;
  return [...found, findingOf(externalMember, audit, answer)];
}

/** No remedy touches a bucket that images are being copied from. */
function guarded(
  { node }: Pick<MemberCase, 'node'>,
  audit: AuditCase,
  steps: readonly RemedyStep[],
): readonly RemedyStep[] {
  const use = bucketUse(audit.replies.redirection);
  return node.kind === 'bucket' && use.kind === 'untouchable' ? [noStep(use.why)] : steps;
}
