import { known } from '../../fact.ts';
import type { RemedyStep, Severity } from '../../finding.ts';
import { addMember, removeMember, underCondition } from '../binding.ts';
import type { AuditCase, Check } from '../check.ts';
import { findingOf } from '../check.ts';
import { accountsWith, bind, repliesWith, repositoryWith } from '../example.ts';
import { type AccountNode, projectResource } from '../graph.ts';
import { actingAbilities, type ImageRights, imageRights } from '../image-right.ts';
import { isDeleted, isPublic } from '../member.ts';
import {
  ancestorsOf,
  answerForMembers,
  isAbove,
  isAgentAtWork,
  type MemberAnswer,
  type MemberCase,
  unseenAbove,
} from '../member-answer.ts';
import { cis, google } from '../reference.ts';
import { handStep } from '../remedy-step.ts';
import { whoseIs } from '../whose.ts';

const CREATOR = 'roles/iam.serviceAccountTokenCreator';
const CI = 'serviceAccount:ci@acme.iam.gserviceaccount.com';
const PUSHED_BY_CI = known([repositoryWith(bind('roles/artifactregistry.writer', CI))]);

/** The table has no such role: it is read from IAM. */
const roles = { [CREATOR]: known(['iam.serviceAccounts.getAccessToken', 'iam.serviceAccounts.signBlob']) };

/** One account, which these members may act as. */
const actedAsBy = (...members: string[]) => {
  const accounts = accountsWith();
  if (accounts.kind === 'unknown') return accounts;
  return known(
    accounts.value.map((each) => ({ ...each, policy: known({ bindings: [bind(CREATOR, ...members)] }) })),
  );
};

/** A way to change images by being somebody else. */
export const impersonation: Check = {
  id: 'impersonation',
  title: 'Too many can act as an account that changes images',
  severity: 'critical',
  rationale:
    'Whoever can act as an account, or make a key of it, can do what it can do. A policy of a registry that names one careful account says nothing of the twenty people who can be that account.',
  decided:
    'Some account of the project can push, delete or administer images, also through a group or by acting as another. On such an account, a binding with a permission to act as it, to make its keys or to change its policy FAILs for everybody at once (critical) and for somebody outside the organisation (high); somebody of the organisation who is named there is as it should be. On the project or above, where such a binding reaches every account, it FAILs for each member (high; low for deleted accounts). Basic roles belong to broad-project-grant.',
  references: [
    cis('4.0.0', '1.6'),
    google(
      'Roles for service account authentication',
      'https://cloud.google.com/iam/docs/service-account-permissions',
    ),
  ],
  examples: [
    {
      title: 'Everybody with a Google account can be the account that pushes',
      replies: () =>
        repliesWith({ accounts: actedAsBy('allAuthenticatedUsers'), locations: PUSHED_BY_CI, roles }),
      answers: ['FAIL critical', 'PASS'],
    },
    {
      title: 'Somebody who can be every account of the project, one of which pushes',
      replies: () =>
        repliesWith({
          accounts: accountsWith(),
          locations: PUSHED_BY_CI,
          roles,
          projectPolicy: known({ bindings: [bind(CREATOR, 'user:ada@example.com')] }),
        }),
      answers: ['FAIL high', 'PASS'],
    },
    {
      title: 'Somebody of the organisation who is named on the account that pushes',
      replies: () =>
        repliesWith({ accounts: actedAsBy('user:ada@example.com'), locations: PUSHED_BY_CI, roles }),
      answers: ['PASS', 'PASS'],
    },
  ],
  run(audit) {
    const { graph } = audit;
    const rights = imageRights(graph);
    const { byAccount, unseen } = rights;
    const accounts = graph.accounts.kind === 'known' ? graph.accounts.value : [];
    const reached = accounts.filter(({ account }) => byAccount.has(account.email));
    if (reached.length === 0) {
      return [
        findingOf(impersonation, audit, {
          status: unseen.length > 0 ? 'UNKNOWN' : 'PASS',
          resource: projectResource(audit.replies.project),
          evidence:
            unseen.length > 0
              ? `Which accounts of the project can change images is not known: ${unseen[0]}`
              : 'No account of the project can change images',
        }),
      ];
    }
    return [
      ...unseenAbove(impersonation, audit),
      ...answerForMembers(impersonation, audit, {
        nodes: [...ancestorsOf(graph), graph.project, ...reached],
        concerns: (member, _node, role) => !BASIC.includes(role) && !isAgentAtWork(member, role),
        judge: (each) => judge(each, audit, rights, reached),
        passes: (node) =>
          isAbove(node)
            ? null
            : `Nobody can act by the policy of ${node.label} as an account that changes images who should not`,
      }),
    ];
  },
};

const BASIC = ['roles/owner', 'roles/editor', 'roles/viewer'];

function judge(
  { node, binding, member, permissions }: MemberCase,
  audit: AuditCase,
  { byAccount }: ImageRights,
  reached: readonly AccountNode[],
): readonly MemberAnswer[] {
  const { project } = audit.replies;
  const isOnAccount = node.kind === 'account';
  const acting = actingAbilities(permissions).filter((ability) => isOnAccount || ability !== 'administer');
  if (acting.length === 0) return [];
  const whose = whoseIs(member, audit);
  const says = `${member} has ${binding.role} on ${node.label}${underCondition(binding)}: can ${acting.join(', ')}`;
  const isWide = !isOnAccount;
  if (!isWide && whose.kind === 'unclear') {
    return [{ status: 'UNKNOWN', evidence: `${says}; ${whose.why}` }];
  }
  if (!isWide && whose.kind === 'own' && !isPublic(member)) return [];
  const through = isOnAccount ? node : reached[0];
  const right = byAccount.get(through?.account.email ?? '');
  const severity: Severity = isPublic(member) ? 'critical' : isDeleted(member) ? 'low' : 'high';
  const staysOn =
    isWide && whose.kind !== 'outside' && !isPublic(member) && !isDeleted(member) ? reached : [];
  return [
    {
      status: 'FAIL',
      severity,
      evidence: `${says}${isWide ? ` every account${node.kind === 'project' ? ' of the project' : ' below it'}, among them` : ''}${isWide ? ` ${through?.account.email}` : ''}, which can ${right?.abilities.join(', ')} by ${right?.by}`,
      risk: 'They can replace or remove images in the name of that account, and the log says that the account did it.',
      remediation: () => [
        ...(isWide && node.kind !== 'project'
          ? [handStep(`This reaches every project below ${node.label}: see to those first.`)]
          : []),
        ...staysOn.slice(0, STEPS_MAX).map((account): RemedyStep => {
          const added = addMember(account, binding, member, project);
          return added.gcloud.length === 0
            ? added
            : { ...added, say: `Only if it acts as this account: ${added.say}` };
        }),
        ...(staysOn.length > STEPS_MAX
          ? [handStep(`And the same on ${staysOn.length - STEPS_MAX} more.`)]
          : []),
        removeMember(node, binding, member, project),
      ],
    },
  ];
}

/** More steps than this nobody takes; the last one says how many are left out. */
const STEPS_MAX = 20;
