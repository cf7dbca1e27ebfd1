import type { EstateAccount, EstateKey } from './estate.ts';
import { etagOf, policyJson } from './policy.ts';
import { ok, pageOf, problem } from './reply.ts';
import { forProject, pageMax, type Route, V } from './route.ts';

/** https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/list */
const ACCOUNTS_PAGE_MAX = 100;

/** A few of Google's own roles, cut down to what matters here. */
const PREDEFINED: Readonly<Record<string, readonly string[]>> = {
  'roles/artifactregistry.serviceAgent': [
    'artifactregistry.repositories.downloadArtifacts',
    'pubsub.topics.publish',
  ],
  'roles/iam.serviceAccountTokenCreator': [
    'iam.serviceAccounts.getAccessToken',
    'iam.serviceAccounts.getOpenIdToken',
    'iam.serviceAccounts.implicitDelegation',
    'iam.serviceAccounts.signBlob',
    'iam.serviceAccounts.signJwt',
  ],
  'roles/iam.serviceAccountUser': ['iam.serviceAccounts.actAs', 'iam.serviceAccounts.get'],
  'roles/iam.workloadIdentityUser': [
    'iam.serviceAccounts.get',
    'iam.serviceAccounts.getAccessToken',
    'iam.serviceAccounts.getOpenIdToken',
  ],
  'roles/pubsub.publisher': ['pubsub.topics.publish'],
  'roles/resourcemanager.organizationAdmin': [
    'resourcemanager.folders.setIamPolicy',
    'resourcemanager.organizations.setIamPolicy',
    'resourcemanager.projects.setIamPolicy',
  ],
};

/** iam.googleapis.com: service accounts, their keys, and roles. */
export const IAM: readonly Route[] = [
  {
    name: 'accounts',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/serviceAccounts$`),
    permission: 'iam.serviceAccounts.list',
    subjects: ([project = '']) => [project, 'iam'],
    reply: (request) =>
      forProject(request, ({ project, accounts }) =>
        pageOf(
          'accounts',
          accounts.map((account) => accountJson(project, account)),
          request.query,
          pageMax(request, ACCOUNTS_PAGE_MAX),
        ),
      ),
  },
  {
    name: 'keys',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/serviceAccounts/${V}/keys$`),
    permission: 'iam.serviceAccountKeys.list',
    subjects: ([project = '', email = '']) => [project, email, 'iam'],
    reply: (request) =>
      forProject(request, ({ project, accounts }) => {
        const account = accounts.find(({ email }) => email === request.values[1]);
        if (account === undefined) return problem(404, 'NOT_FOUND', 'Unknown service account');
        const keys = account.keys.map((key) => keyJson(project, account, key));
        return ok(keys.length === 0 ? {} : { keys });
      }),
  },
  {
    name: 'account policy',
    method: 'POST',
    pattern: new RegExp(`^/v1/projects/${V}/serviceAccounts/${V}:getIamPolicy$`),
    permission: 'iam.serviceAccounts.getIamPolicy',
    subjects: ([project = '', email = '']) => [project, `policy of ${email}`, 'iam'],
    reply: (request) =>
      forProject(request, ({ accounts }) => {
        const account = accounts.find(({ email }) => email === request.values[1]);
        if (account === undefined) return problem(404, 'NOT_FOUND', 'Unknown service account');
        const version = request.query.get('options.requestedPolicyVersion') === '3' ? 3 : 1;
        return ok(policyJson(account.bindings ?? [], version));
      }),
  },
  {
    name: 'role',
    method: 'GET',
    pattern: /^\/v1\/((?:projects|organizations)\/[^/]+\/roles\/[^/]+|roles\/[^/]+)$/,
    permission: 'iam.roles.get',
    subjects: ([role = '']) => [role, 'iam'],
    reply: ({ estate, values: [name = ''] }) => {
      const permissions =
        PREDEFINED[name] ??
        estate.projects.map(({ roles }) => roles[name]).find((each) => each !== undefined);
      if (permissions === undefined) {
        return problem(404, 'NOT_FOUND', `The role named ${name} was not found.`);
      }
      return ok({ name, stage: 'GA', includedPermissions: permissions, etag: etagOf(permissions) });
    },
  },
];

function accountJson(project: string, account: EstateAccount) {
  const { email, uniqueId, displayName, description, disabled = false } = account;
  return {
    name: `projects/${project}/serviceAccounts/${email}`,
    projectId: project,
    uniqueId,
    email,
    ...(displayName === '' ? {} : { displayName }),
    ...(description === undefined ? {} : { description }),
    etag: etagOf([email]),
    ...(disabled ? { disabled } : {}),
    oauth2ClientId: uniqueId,
  };
}

function keyJson(project: string, { email }: EstateAccount, key: EstateKey) {
  return {
    name: `projects/${project}/serviceAccounts/${email}/keys/${key.id}`,
    validAfterTime: key.validAfter,
    validBeforeTime: key.validBefore,
    keyAlgorithm: 'KEY_ALG_RSA_2048',
    keyOrigin: key.origin,
    keyType: key.type,
    ...(key.disableReason === undefined ? {} : { disabled: true, disableReason: key.disableReason }),
  };
}
