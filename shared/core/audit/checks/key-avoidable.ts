import { known, unknown } from '../../fact.ts';
import { answerForKeyHolders } from '../account-answer.ts';
import type { Check } from '../check.ts';
import type { Cluster } from '../cluster.ts';
import { accountsWith, bind, keyWith, repliesWith } from '../example.ts';
import { retireKeys } from '../key-answer.ts';
import { keylessWays } from '../keyless.ts';
import { google } from '../reference.ts';
import { handStep } from '../remedy-step.ts';
import type { AuditReplies } from '../replies.ts';
import { namesOfKeys } from '../working-key.ts';

const CLUSTER: Cluster = {
  name: 'prod',
  location: 'europe-west1',
  workloadPool: 'acme.svc.id.goog',
  autopilot: false,
  nodePools: [{ name: 'main', metadataMode: 'GKE_METADATA', account: 'nodes@acme.iam.gserviceaccount.com' }],
};

/** A project whose only account has a key and this policy on it. */
const account = (different: Partial<AuditReplies>, ...bindings: ReturnType<typeof bind>[]) => {
  const accounts = accountsWith(keyWith());
  return repliesWith({
    accounts:
      accounts.kind === 'unknown'
        ? accounts
        : known(accounts.value.map((each) => ({ ...each, policy: known({ bindings }) }))),
    roles: { 'roles/iam.workloadIdentityUser': known(['iam.serviceAccounts.getAccessToken']) },
    ...different,
  });
};

/** A key of an account that its users could be without one. */
export const keyAvoidable: Check = {
  id: 'key-avoidable',
  title: 'A key where workload identity is possible',
  severity: 'medium',
  rationale:
    'A workload with an identity gets tokens that end within the hour, and there is nothing to download, to rotate or to lose.',
  decided:
    'An account with a working user-managed key. Medium where it can be had without one already: a workload of Kubernetes or of an identity pool may act as it (by the policy on the account), or it is the account of nodes. Low where the project has a cluster with workload identity, which what runs there could use. PASS where nothing of this is seen, UNKNOWN where it could not be read. What runs elsewhere, and could use federation, is not seen.',
  references: [
    google(
      'Workload Identity Federation for GKE',
      'https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity',
    ),
    google('Workload Identity Federation', 'https://cloud.google.com/iam/docs/workload-identity-federation'),
  ],
  examples: [
    {
      title: 'A key of an account that a workload of Kubernetes may act as',
      replies: () =>
        account({}, bind('roles/iam.workloadIdentityUser', 'serviceAccount:acme.svc.id.goog[prod/web]')),
      answers: ['FAIL medium'],
    },
    {
      title: 'A key of an account that pipelines of an identity pool may act as',
      replies: () =>
        account(
          {},
          bind(
            'roles/iam.workloadIdentityUser',
            'principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/github/attribute.repository/acme/api',
          ),
        ),
      answers: ['FAIL medium'],
    },
    {
      title: 'A key of the account of nodes',
      replies: () =>
        account({
          clusters: known([
            {
              ...CLUSTER,
              workloadPool: null,
              nodePools: [{ name: 'main', metadataMode: null, account: 'ci@acme.iam.gserviceaccount.com' }],
            },
          ]),
        }),
      answers: ['FAIL medium'],
    },
    {
      title: 'A key beside a cluster with workload identity',
      replies: () => account({ clusters: known([CLUSTER]) }),
      answers: ['FAIL low'],
    },
    { title: 'A key in a project without clusters', replies: () => account({}), answers: ['PASS'] },
    {
      title: 'Clusters that could not be listed',
      replies: () => account({ clusters: unknown('403') }),
      answers: ['UNKNOWN'],
    },
    {
      title: 'An account without a key',
      replies: () => ({ ...account({ clusters: known([CLUSTER]) }), accounts: accountsWith() }),
      answers: [],
    },
  ],
  run(audit) {
    return answerForKeyHolders(keyAvoidable, audit, ({ account: { email } }, keys) => {
      const { already, possible, doubt } = keylessWays(email, audit);
      const name = `${email} has ${namesOfKeys(keys)}`;
      if (already.length === 0 && possible.length === 0) {
        return doubt === null
          ? { status: 'PASS', evidence: `${name}, and nothing here shows a way without` }
          : {
              status: 'UNKNOWN',
              evidence: `${name}, and whether it could do without is not known: ${doubt}`,
            };
      }
      const [first = '', ...others] = [...already, ...possible];
      return {
        status: 'FAIL',
        severity: already.length > 0 ? 'medium' : 'low',
        evidence: `${name}, and ${first}${others.length === 0 ? '' : ` (and ${others.length} more)`}`,
        risk: 'The key can be copied and works from anywhere; the identity that could stand in its place does not.',
        remediation: () => [
          handStep(
            'Find out what uses the keys. What runs in a cluster with workload identity: bind its Kubernetes account to this one (roles/iam.workloadIdentityUser), annotate it, and take the key out of its pods. What pulls images there needs neither: nodes pull with their own account. Pipelines elsewhere: an identity pool.',
          ),
          ...retireKeys(keys, audit.replies.project),
        ],
      };
    });
  },
};
