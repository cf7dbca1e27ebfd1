import type { Finding } from '../finding.ts';
import type { ServiceAccount, ServiceAccountKey } from './access.ts';
import { type Answer, type AuditCase, type Check, findingOf } from './check.ts';
import { command, remark } from './command.ts';
import { projectResource } from './graph.ts';

/** What a check says of one key; the rest of the answer is the same for all keys. */
export type KeyAnswer = Omit<Answer, 'resource' | 'subject'>;

/** Google's full resource name of a service account. */
export function accountResource(project: string, email: string): string {
  return `//iam.googleapis.com/projects/${project}/serviceAccounts/${email}`;
}

/**
 * Asks a check about every key that somebody could have downloaded. Keys that Google rotates itself are not
 * asked about; what could not be read is UNKNOWN, and so is a kind of key that this version does not know.
 */
export function answerForKeys(
  check: Check,
  audit: AuditCase,
  judge: (key: ServiceAccountKey, account: ServiceAccount) => KeyAnswer,
): readonly Finding[] {
  const { accounts, project } = audit.replies;
  const unknownAt = (resource: string, evidence: string): Finding =>
    findingOf(check, audit, { status: 'UNKNOWN', resource, evidence });
  if (accounts.kind === 'unknown') {
    return [
      unknownAt(projectResource(project), `The service accounts could not be listed: ${accounts.reason}`),
    ];
  }
  return accounts.value.flatMap(({ account, keys }) => {
    const resource = accountResource(project, account.email);
    if (keys.kind === 'unknown') {
      return [unknownAt(resource, `The keys of ${account.email} could not be listed: ${keys.reason}`)];
    }
    return keys.value
      .filter((key) => key.keyType !== 'SYSTEM_MANAGED')
      .map((key) => {
        const keyResource = `${resource}/keys/${key.id}`;
        if (key.keyType !== 'USER_MANAGED') {
          return unknownAt(
            keyResource,
            `Key ${key.id} of ${account.email} is of a kind not known here: ${key.keyType || 'none is said'}`,
          );
        }
        return findingOf(check, audit, { ...judge(key, account), resource: keyResource });
      });
  });
}

/** The end of a sentence that says what makes a key harmless for now, or nothing. */
export function harmlessNow(key: ServiceAccountKey, account: ServiceAccount): string {
  if (key.disabled) return ', the key is disabled';
  return account.disabled ? ', its account is disabled' : '';
}

type KeyVerb = 'disable' | 'delete';

function keyCommand(verb: KeyVerb, key: ServiceAccountKey, project: string): string {
  return command(
    'gcloud',
    'iam',
    'service-accounts',
    'keys',
    verb,
    key.id,
    `--iam-account=${key.account}`,
    `--project=${project}`,
  );
}

/** Deletes a key that nothing can be using. */
export function deleteKey(key: ServiceAccountKey, project: string): readonly string[] {
  return [keyCommand('delete', key, project)];
}

/** Ends a key at once, whoever uses it. */
export function endKeyNow(key: ServiceAccountKey, project: string): readonly string[] {
  return key.disabled
    ? deleteKey(key, project)
    : [keyCommand('disable', key, project), keyCommand('delete', key, project)];
}

/**
 * Replaces a key by one that ends by itself, in the order that loses nobody's access: the new key first, and
 * a time in which the old one is only disabled and can be enabled again.
 */
export function replaceKey(key: ServiceAccountKey, project: string, days: number): readonly string[] {
  if (key.disabled) return deleteKey(key, project);
  return [
    remark('Best without any key: workload identity. Where a key is needed, one that ends by itself:'),
    `openssl req -x509 -newkey rsa:2048 -nodes -days ${days} -subj /CN=unused -keyout new-key.pem -out new-key-public.pem`,
    command(
      'gcloud',
      'iam',
      'service-accounts',
      'keys',
      'upload',
      'new-key-public.pem',
      `--iam-account=${key.account}`,
      `--project=${project}`,
    ),
    remark('Move everything that uses the old key to the new one. Then:'),
    keyCommand('disable', key, project),
    remark('Wait until a full cycle of releases and schedules has passed without complaints. Then:'),
    keyCommand('delete', key, project),
  ];
}
