import { known } from '../../fact.ts';
import type { RemedyStep } from '../../finding.ts';
import { DAY_MS } from '../../units.ts';
import { answerForAccounts } from '../account-answer.ts';
import { deleteAccount, disableAccount, unbindAccount } from '../account-removal.ts';
import type { AuditCase, Check } from '../check.ts';
import { isDefaultAccount } from '../default-account.ts';
import { accountsWith, bind, NOW_MS, repliesWith } from '../example.ts';
import { endKeyNow } from '../key-answer.ts';
import { accountUses, judgeUse } from '../last-use.ts';
import { google } from '../reference.ts';
import { handStep } from '../remedy-step.ts';
import { workingKeys } from '../working-key.ts';

const CI = 'ci@acme.iam.gserviceaccount.com';

/** A project with one account, and what Policy Analyzer saw of it in so many days; null: no use. */
const used = (agoDays: number | null, observedDays = 200) =>
  repliesWith({
    accounts: accountsWith(),
    projectPolicy: known({ bindings: [bind('roles/artifactregistry.reader', `serviceAccount:${CI}`)] }),
    accountActivity: known([
      {
        account: CI,
        lastAuthenticatedMs: agoDays === null ? null : NOW_MS - agoDays * DAY_MS,
        observed: known({ fromMs: NOW_MS - observedDays * DAY_MS, toMs: NOW_MS - DAY_MS }),
      },
    ]),
  });

/** An account that nothing uses. */
export const accountUnused: Check = {
  id: 'account-unused',
  title: 'Service account is not used',
  severity: 'medium',
  rationale:
    'What an unused account may do is of use only to whoever should not have it, and nobody would notice.',
  decided:
    'An enabled account that last authenticated more than 90 days ago (setting `unusedMs`), or never in 90 days that Policy Analyzer looked, with or without keys. When an account was made IAM does not tell; the observed time is that of its own data. UNKNOWN where Policy Analyzer says nothing of it or looked for less. Its data is some days late, has whole days only, and counts failed calls as use.',
  references: [
    google('Find unused service accounts', 'https://cloud.google.com/iam/docs/service-account-monitoring'),
    google(
      'Disable unused service accounts',
      'https://cloud.google.com/iam/docs/best-practices-service-accounts#disable-unused',
    ),
  ],
  examples: [
    { title: 'An account last used 120 days ago', replies: () => used(120), answers: ['FAIL medium'] },
    { title: 'An account never seen in 199 days', replies: () => used(null), answers: ['FAIL medium'] },
    { title: 'An account used yesterday', replies: () => used(1), answers: ['PASS'] },
    {
      title: 'An account that was looked at for 30 days',
      replies: () => used(null, 30),
      answers: ['UNKNOWN'],
    },
    {
      title: 'An account of which Policy Analyzer says nothing',
      replies: () => ({ ...used(null), accountActivity: known([]) }),
      answers: ['UNKNOWN'],
    },
  ],
  run(audit) {
    const { nowMs, replies, settings } = audit;
    const useOf = accountUses(replies);
    return answerForAccounts(accountUnused, audit, (reply) => {
      const { account } = reply;
      if (account.disabled) return null;
      const verdict = judgeUse(`Account ${account.email}`, useOf(account), null, {
        nowMs,
        unusedMs: settings.unusedMs,
      });
      if (verdict.status !== 'FAIL') return verdict;
      return {
        ...verdict,
        risk: 'Its rights are there for whoever gets hold of it, and nobody looks at what it does.',
        remediation: () => [
          handStep('Ask whether something uses it that runs less often: a yearly job, a disaster plan.'),
          ...nodesFirst(account.email, audit),
          disableAccount(
            account,
            replies.project,
            'until a full cycle of releases and schedules has passed without complaints',
          ),
          ...unbindAccount(account, audit),
          ...(isDefaultAccount(account.email)
            ? [
                handStep(
                  'Google made this account and may look for it: it stays, disabled and without rights.',
                ),
                ...workingKeys(reply, nowMs).keys.flatMap((key) => endKeyNow(key, replies.project)),
              ]
            : [deleteAccount(account, replies.project)]),
        ],
      };
    });
  },
};

/** Nodes have no other account than the one that they were made with. */
function nodesFirst(email: string, { replies: { clusters } }: AuditCase): readonly RemedyStep[] {
  if (clusters.kind === 'unknown') {
    return [handStep('The clusters could not be listed: make sure that no nodes run as it.')];
  }
  const found = clusters.value.filter(({ nodePools }) => nodePools.some(({ account }) => account === email));
  return found.map(({ location, name }) =>
    handStep(`Nodes of cluster ${location}/${name} run as it: make node pools with another account first.`),
  );
}
