import { known } from '../../fact.ts';
import { answerForAccounts } from '../account-answer.ts';
import type { Check } from '../check.ts';
import { isDefaultAccount } from '../default-account.ts';
import { accountsWith, keyWith, repliesWith } from '../example.ts';
import { retireKeys } from '../key-answer.ts';
import { cis, google } from '../reference.ts';
import { handStep } from '../remedy-step.ts';
import { namesOfKeys, workingKeys } from '../working-key.ts';

const DEFAULT = '123456789012-compute@developer.gserviceaccount.com';

/** A project whose only account is this one, with a key that is like this. */
const account = (email: string, different: Parameters<typeof keyWith>[0] = {}) => {
  const accounts = accountsWith(keyWith({ account: email, ...different }));
  return repliesWith({
    accounts:
      accounts.kind === 'unknown'
        ? accounts
        : known(accounts.value.map((each) => ({ ...each, account: { ...each.account, email } }))),
  });
};

/** A downloaded key of an account that Google made for a service. */
export const keyOfDefaultAccount: Check = {
  id: 'key-of-default-account',
  title: 'A default service account has a downloaded key',
  severity: 'high',
  rationale:
    'The default account of Compute Engine (and the one of App Engine) is shared by everything that runs in the project and was given basic Editor in most. What runs there gets its tokens from the metadata server; a key of it serves only to carry these rights out.',
  decided:
    'The default account of Compute Engine or App Engine has a user-managed key that is enabled and has not ended, whatever its roles are. Other accounts are not asked about.',
  references: [
    cis('4.0.0', '1.4'),
    cis('5.0.0', '1.5'),
    google('Default service accounts', 'https://cloud.google.com/iam/docs/service-account-types#default'),
  ],
  examples: [
    {
      title: 'A key of the default account of Compute Engine',
      replies: () => account(DEFAULT),
      answers: ['FAIL high'],
    },
    {
      title: 'A key of the default account of App Engine',
      replies: () => account('acme@appspot.gserviceaccount.com'),
      answers: ['FAIL high'],
    },
    {
      title: 'A default account without a working key',
      replies: () => account(DEFAULT, { disabled: true }),
      answers: ['PASS'],
    },
    {
      title: 'A key of an account that somebody made',
      replies: () => account('ci@acme.iam.gserviceaccount.com'),
      answers: [],
    },
  ],
  run(audit) {
    return answerForAccounts(keyOfDefaultAccount, audit, (reply) => {
      const { email } = reply.account;
      if (!isDefaultAccount(email)) return null;
      const { keys, doubt } = workingKeys(reply, audit.nowMs);
      if (keys.length === 0) {
        return doubt === null
          ? { status: 'PASS', evidence: `${email} has no working key` }
          : { status: 'UNKNOWN', evidence: doubt };
      }
      return {
        status: 'FAIL',
        evidence: `${email}, a default account, has ${namesOfKeys(keys)}`,
        risk: 'The key carries what every machine of the project may do to wherever its copies are.',
        remediation: () => [
          handStep(
            'Let what runs on Google Cloud use the account that is attached to it, and give everything else an account of its own with the narrow role that it needs.',
          ),
          ...retireKeys(keys, audit.replies.project),
        ],
      };
    });
  },
};
