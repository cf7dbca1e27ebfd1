import { known } from '../../fact.ts';
import { DAY_MS } from '../../units.ts';
import type { Check } from '../check.ts';
import { accountsWith, keyWith, NOW_MS, repliesWith } from '../example.ts';
import { answerForKeys, retireKeys } from '../key-answer.ts';
import { judgeUse, keyUses } from '../last-use.ts';
import { google } from '../reference.ts';
import { handStep } from '../remedy-step.ts';
import { hasEnded } from '../working-key.ts';

/** A project with one key of this age, and what Policy Analyzer saw of it in the last 200 days; null: no use. */
const used = (
  ageDays: number,
  agoDays: number | null,
  different: Parameters<typeof keyWith>[0] = {},
  observedDays = 200,
) =>
  repliesWith({
    accounts: accountsWith(keyWith({ validAfterMs: known(NOW_MS - ageDays * DAY_MS), ...different })),
    keyActivity: known([
      {
        account: 'ci@acme.iam.gserviceaccount.com',
        keyId: 'a1b2',
        lastAuthenticatedMs: agoDays === null ? null : NOW_MS - agoDays * DAY_MS,
        observed: known({ fromMs: NOW_MS - observedDays * DAY_MS, toMs: NOW_MS - DAY_MS }),
      },
    ]),
  });

/** A working key with which nobody authenticates. */
export const keyUnused: Check = {
  id: 'key-unused',
  title: 'Service-account key is not used',
  severity: 'medium',
  rationale: 'A key that nobody uses helps nobody but a thief, and nobody misses it when it is stolen.',
  decided:
    'A working user-managed key that last authenticated more than 90 days ago (setting `unusedMs`), or never in 90 days for which it was there and Policy Analyzer looked. A Google-made key that is younger passes. When an uploaded key was uploaded nobody tells, so one that was never seen is UNKNOWN, as is one of which Policy Analyzer says nothing. Its data is some days late, has whole days only, and counts failed calls as use. Keys that are disabled, have ended or belong to a disabled account are not asked about.',
  references: [
    google(
      'View recent usage for service accounts and keys',
      'https://cloud.google.com/policy-intelligence/docs/activity-analyzer-service-account-authentication',
    ),
    google(
      'Identify unused keys',
      'https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys#disable-unused',
    ),
  ],
  examples: [
    { title: 'A key last used 120 days ago', replies: () => used(400, 120), answers: ['FAIL medium'] },
    {
      title: 'A key of 120 days that was never used',
      replies: () => used(120, null),
      answers: ['FAIL medium'],
    },
    { title: 'A key of 10 days that was never used', replies: () => used(10, null), answers: ['PASS'] },
    { title: 'A key used yesterday', replies: () => used(400, 1), answers: ['PASS'] },
    {
      title: 'A key that was looked at for 30 days only',
      replies: () => used(400, null, {}, 30),
      answers: ['UNKNOWN'],
    },
    {
      title: 'An uploaded key that was never seen: it may be new',
      replies: () => used(400, null, { origin: 'USER_PROVIDED' }),
      answers: ['UNKNOWN'],
    },
    {
      title: 'A key of which Policy Analyzer says nothing',
      replies: () => ({ ...used(400, null), keyActivity: known([]) }),
      answers: ['UNKNOWN'],
    },
    { title: 'A disabled key', replies: () => used(400, null, { disabled: true }), answers: [] },
  ],
  run(audit) {
    const { nowMs, replies, settings } = audit;
    const useOf = keyUses(replies);
    return answerForKeys(keyUnused, audit, (key, account) => {
      if (key.disabled || account.disabled || hasEnded(key, nowMs)) return null;
      const createdMs =
        key.origin === 'GOOGLE_PROVIDED'
          ? key.validAfterMs
          : ({ kind: 'unknown', reason: 'nobody tells when it was uploaded' } as const);
      const verdict = judgeUse(`Key ${key.id} of ${account.email}`, useOf(account, key.id), createdMs, {
        nowMs,
        unusedMs: settings.unusedMs,
      });
      if (verdict.status !== 'FAIL') return verdict;
      return {
        ...verdict,
        risk: 'Whoever finds a copy can use it, and its use would be the first one that anybody sees.',
        remediation: () => [
          handStep(
            'Ask the owner whether something uses it that runs less often: a yearly job, a disaster plan.',
          ),
          ...retireKeys([key], replies.project),
        ],
      };
    });
  },
};
