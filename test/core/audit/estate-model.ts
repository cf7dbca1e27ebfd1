import { spawnSync } from 'node:child_process';
import type {
  Binding,
  IamCondition,
  IamPolicy,
  RegistryBucket,
  RegistryRepository,
} from '../../../shared/core/audit/access.ts';
import type { AccountReply, AuditReplies, RepositoryReply } from '../../../shared/core/audit/replies.ts';
import { type Fact, known, unknown } from '../../../shared/core/fact.ts';
import type { Remediation } from '../../../shared/core/finding.ts';
import { DAY_MS } from '../../../shared/core/units.ts';

/**
 * A project as Google would have it after the commands of a remedy, all of them, in their order. Every command has
 * to be understood and to find what it names: one that would fail at Google fails here.
 */
export function applyRemediation(replies: AuditReplies, { steps }: Remediation, nowMs: number): AuditReplies {
  return steps
    .flatMap(({ gcloud }) => gcloud)
    .filter((line) => !line.startsWith('#'))
    .reduce((before, line) => applyCommand(before, wordsOf(line), nowMs), replies);
}

/** The words that a shell makes of a line; asks one where a word needs more than plain quotes. */
function wordsOf(line: string): readonly string[] {
  if (!line.includes("$'")) {
    return (line.match(/(?:[^\s'\\]|'[^']*'|\\')+/g) ?? []).map((word) =>
      word.replace(/'([^']*)'|\\'/g, (quoted, inner: string | undefined) =>
        quoted === "\\'" ? "'" : (inner ?? ''),
      ),
    );
  }
  const { stdout, status } = spawnSync('bash', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`no shell understands ${line}`);
  return stdout.split('\0').slice(0, -1);
}

function applyCommand(replies: AuditReplies, words: readonly string[], nowMs: number): AuditReplies {
  const flags = new Map(
    words
      .filter((word) => word.startsWith('--'))
      .map((word) => {
        const at = word.indexOf('=');
        return at === -1 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
      }),
  );
  const plain = words.filter((word) => !word.startsWith('--'));
  const last = plain.at(-1) ?? '';
  const flag = (name: string): string => {
    const value = flags.get(name);
    if (value === undefined) throw new Error(`${name} is missing in ${words.join(' ')}`);
    return value;
  };
  if (words[0] === 'kubectl') {
    return withoutSecret(replies, flag('--context'), flag('--namespace'), last);
  }
  const project = flags.get('--project') ?? flags.get('--projects') ?? replies.project;
  if (project !== replies.project) throw new Error(`another project: ${words.join(' ')}`);
  if (words[0] === 'openssl') return replies;
  // What a membership is of stands in flags; everything else names it last.
  const verb = (words.includes('memberships') ? plain : plain.slice(0, -1)).join(' ');
  switch (verb) {
    case 'gcloud iam service-accounts keys upload':
    case 'gcloud iam service-accounts keys disable':
    case 'gcloud iam service-accounts keys delete':
      return onKeys(replies, flag('--iam-account'), verb.slice(verb.lastIndexOf(' ') + 1), last, nowMs);
    case 'gcloud projects add-iam-policy-binding':
    case 'gcloud projects remove-iam-policy-binding':
      if (last !== replies.project) throw new Error(`another project: ${last}`);
      return { ...replies, projectPolicy: rebound(replies.projectPolicy, verb, flag) };
    case 'gcloud storage buckets add-iam-policy-binding':
    case 'gcloud storage buckets remove-iam-policy-binding':
      return onBucket(replies, last, (each) => ({
        ...each,
        policy: rebound(each.policy ?? unknown('no bucket'), verb, flag),
      }));
    case 'gcloud artifacts repositories add-iam-policy-binding':
    case 'gcloud artifacts repositories remove-iam-policy-binding':
      return onRepository(
        replies,
        `projects/${project}/locations/${flag('--location')}/repositories/${last}`,
        (policy) => rebound(policy, verb, flag),
      );
    case 'gcloud artifacts repositories update':
    case 'gcloud artifacts repositories delete-cleanup-policies':
      return onRepositorySettings(
        replies,
        `projects/${project}/locations/${flag('--location')}/repositories/${last}`,
        (repository) => changedRepository(repository, flags),
      );
    case 'gcloud services enable':
      if (last !== 'containerscanning.googleapis.com') throw new Error(`no such API: ${last}`);
      return withScanning(replies);
    case 'gcloud identity groups memberships delete':
      return withoutMembership(replies, flag('--group-email'), flag('--member-email'));
    case 'gcloud resource-manager folders add-iam-policy-binding':
    case 'gcloud resource-manager folders remove-iam-policy-binding':
      return onAncestor(replies, `folders/${last}`, (policy) => rebound(policy, verb, flag));
    case 'gcloud organizations add-iam-policy-binding':
    case 'gcloud organizations remove-iam-policy-binding':
      return onAncestor(replies, `organizations/${last}`, (policy) => rebound(policy, verb, flag));
    case 'gcloud iam service-accounts add-iam-policy-binding':
    case 'gcloud iam service-accounts remove-iam-policy-binding':
      return onAccount(replies, last, (each) => ({ ...each, policy: rebound(each.policy, verb, flag) }));
    case 'gcloud iam service-accounts disable':
      return onAccount(replies, last, (each) => ({
        ...each,
        account: { ...each.account, disabled: true },
      }));
    case 'gcloud iam service-accounts delete':
      flag('--quiet');
      return withoutAccount(replies, last);
    case 'gcloud pubsub topics add-iam-policy-binding':
    case 'gcloud pubsub topics remove-iam-policy-binding': {
      if (last !== 'gcr') throw new Error(`no such topic: ${last}`);
      const { topicPolicy } = replies;
      if (topicPolicy.kind === 'unknown' || topicPolicy.value === null) throw new Error('no topic');
      return { ...replies, topicPolicy: rebound(known(topicPolicy.value), verb, flag) };
    }
    case 'gcloud storage buckets update':
      return onBucket(replies, last, (each) => ({ ...each, bucket: updated(each.bucket, flags) }));
    case 'gcloud storage rm':
      flag('--recursive');
      return onBucket(replies, last, ({ name }) => ({
        name,
        bucket: known(null),
        policy: null,
        contents: null,
      }));
    case 'gcloud artifacts docker upgrade':
      return { ...replies, redirection: known('REDIRECTION_FROM_GCR_IO_ENABLED') };
    case 'gcloud storage buckets describe':
    case 'gcloud storage ls':
    case 'gcloud storage du':
      return replies;
    default:
      throw new Error(`not understood: ${words.join(' ')}`);
  }
}

function onKeys(replies: AuditReplies, email: string, verb: string, id: string, nowMs: number): AuditReplies {
  if (replies.accounts.kind === 'unknown') throw new Error('nobody knows the accounts');
  let found = false;
  const accounts = replies.accounts.value.map((each) => {
    if (each.account.email !== email || each.keys.kind === 'unknown') return each;
    const keys = each.keys.value;
    if (verb === 'upload') {
      found = true;
      const made = {
        account: email,
        id: `uploaded-${keys.length}`,
        keyType: 'USER_MANAGED',
        origin: 'USER_PROVIDED',
        algorithm: 'KEY_ALG_RSA_2048',
        validAfterMs: known(nowMs),
        validBeforeMs: known(nowMs + 90 * DAY_MS),
        disabled: false,
        disableReason: null,
        flags: [],
      };
      return { ...each, keys: known([...keys, made]) };
    }
    found = keys.some((key) => key.id === id);
    return {
      ...each,
      keys: known(
        verb === 'delete'
          ? keys.filter((key) => key.id !== id)
          : keys.map((key) => (key.id === id ? { ...key, disabled: true } : key)),
      ),
    };
  });
  if (!found) throw new Error(`no such key: ${id} of ${email}`);
  return { ...replies, accounts: known(accounts) };
}

function withoutSecret(
  replies: AuditReplies,
  cluster: string,
  namespace: string,
  name: string,
): AuditReplies {
  const { pullSecrets } = replies;
  const left = pullSecrets?.secrets.filter(
    (each) => !(each.cluster === cluster && each.namespace === namespace && each.name === name),
  );
  if (pullSecrets === null || left === undefined || left.length === pullSecrets.secrets.length) {
    throw new Error(`no such secret: ${namespace}/${name} of ${cluster}`);
  }
  return { ...replies, pullSecrets: { ...pullSecrets, secrets: left } };
}

function onAccount(
  replies: AuditReplies,
  email: string,
  change: (reply: AccountReply) => AccountReply,
): AuditReplies {
  if (replies.accounts.kind === 'unknown') throw new Error('nobody knows the accounts');
  if (!replies.accounts.value.some(({ account }) => account.email === email))
    throw new Error(`no such account: ${email}`);
  const accounts = replies.accounts.value.map((each) => (each.account.email === email ? change(each) : each));
  return { ...replies, accounts: known(accounts) };
}

/** A deleted account stays in policies, by another name: https://cloud.google.com/iam/docs/principal-identifiers */
function withoutAccount(replies: AuditReplies, email: string): AuditReplies {
  const all = replies.accounts.kind === 'known' ? replies.accounts.value : [];
  const uniqueId = all.find(({ account }) => account.email === email)?.account.uniqueId;
  if (uniqueId === undefined) throw new Error(`no such account: ${email}`);
  const gone = (policy: Fact<IamPolicy>): Fact<IamPolicy> =>
    policy.kind === 'unknown'
      ? policy
      : known({
          ...policy.value,
          bindings: policy.value.bindings.map((each) => ({
            ...each,
            members: each.members.map((member) =>
              member === `serviceAccount:${email}` ? `deleted:${member}?uid=${uniqueId}` : member,
            ),
          })),
        });
  return {
    ...replies,
    projectPolicy: gone(replies.projectPolicy),
    accounts: known(
      all
        .filter(({ account }) => account.email !== email)
        .map((each) => ({ ...each, policy: gone(each.policy) })),
    ),
    ancestors:
      replies.ancestors.kind === 'unknown'
        ? replies.ancestors
        : known(replies.ancestors.value.map((each) => ({ ...each, policy: gone(each.policy) }))),
    buckets: replies.buckets.map((each) => ({
      ...each,
      policy: each.policy === null ? null : gone(each.policy),
    })),
    locations:
      replies.locations.kind === 'unknown'
        ? replies.locations
        : known(
            replies.locations.value.map((location) => ({
              ...location,
              repositories:
                location.repositories.kind === 'unknown'
                  ? location.repositories
                  : known(
                      location.repositories.value.map((each) => ({ ...each, policy: gone(each.policy) })),
                    ),
            })),
          ),
  };
}

function onAncestor(
  replies: AuditReplies,
  name: string,
  change: (policy: Fact<IamPolicy>) => Fact<IamPolicy>,
): AuditReplies {
  if (replies.ancestors.kind === 'unknown' || !replies.ancestors.value.some((each) => each.name === name))
    throw new Error(`nothing above the project is ${name}`);
  const ancestors = replies.ancestors.value.map((each) =>
    each.name === name ? { ...each, policy: change(each.policy) } : each,
  );
  return { ...replies, ancestors: known(ancestors) };
}

function onBucket(
  replies: AuditReplies,
  url: string,
  change: (bucket: AuditReplies['buckets'][number]) => AuditReplies['buckets'][number],
): AuditReplies {
  const name = url.replace('gs://', '');
  if (!replies.buckets.some((each) => each.name === name)) throw new Error(`no such bucket: ${url}`);
  return { ...replies, buckets: replies.buckets.map((each) => (each.name === name ? change(each) : each)) };
}

function onRepository(
  replies: AuditReplies,
  name: string,
  change: (policy: Fact<IamPolicy>) => Fact<IamPolicy>,
): AuditReplies {
  if (replies.locations.kind === 'unknown') throw new Error('nobody knows the repositories');
  let found = false;
  const locations = replies.locations.value.map((location) => ({
    ...location,
    repositories:
      location.repositories.kind === 'unknown'
        ? location.repositories
        : known(
            location.repositories.value.map((each) => {
              if (each.repository.name !== name) return each;
              found = true;
              return { ...each, policy: change(each.policy) };
            }),
          ),
  }));
  if (!found) throw new Error(`no such repository: ${name}`);
  return { ...replies, locations: known(locations) };
}

function mapRepositories(
  replies: AuditReplies,
  change: (reply: RepositoryReply) => RepositoryReply,
): AuditReplies {
  if (replies.locations.kind === 'unknown') throw new Error('nobody knows the repositories');
  const locations = replies.locations.value.map((location) => ({
    ...location,
    repositories:
      location.repositories.kind === 'unknown'
        ? location.repositories
        : known(location.repositories.value.map(change)),
  }));
  return { ...replies, locations: known(locations) };
}

function onRepositorySettings(
  replies: AuditReplies,
  name: string,
  change: (repository: RegistryRepository) => RegistryRepository,
): AuditReplies {
  let found = false;
  const changed = mapRepositories(replies, (each) => {
    if (each.repository.name !== name) return each;
    found = true;
    return { ...each, repository: change(each.repository) };
  });
  if (!found) throw new Error(`no such repository: ${name}`);
  return changed;
}

function changedRepository(
  repository: RegistryRepository,
  flags: ReadonlyMap<string, string>,
): RegistryRepository {
  let after = repository;
  for (const [name, value] of flags) {
    if (name === '--immutable-tags') after = { ...after, immutableTags: true };
    else if (name === '--allow-vulnerability-scanning')
      after = { ...after, scanning: { ...after.scanning, config: 'INHERITED' } };
    else if (name === '--policynames') {
      if (after.cleanupPolicies.kind === 'unknown') throw new Error('nobody knows the cleanup policies');
      const gone = value.split(',');
      const all = after.cleanupPolicies.value;
      for (const id of gone) if (!all.some((one) => one.id === id)) throw new Error(`no such policy: ${id}`);
      after = { ...after, cleanupPolicies: known(all.filter(({ id }) => !gone.includes(id))) };
    } else if (name !== '--location' && name !== '--project') throw new Error(`not understood: ${name}`);
  }
  return after;
}

/** Where the API is enabled, whatever does not forbid it is scanned. */
function withScanning(replies: AuditReplies): AuditReplies {
  return mapRepositories(replies, (each) =>
    each.repository.scanning.config === 'DISABLED'
      ? each
      : {
          ...each,
          repository: {
            ...each.repository,
            scanning: { ...each.repository.scanning, state: 'SCANNING_ACTIVE', reason: null },
          },
        },
  );
}

function withoutMembership(replies: AuditReplies, group: string, address: string): AuditReplies {
  const reply = replies.groups[group];
  if (reply?.kind !== 'known') throw new Error(`no such group: ${group}`);
  const members = reply.value.members.filter((member) => !member.endsWith(`:${address}`));
  if (members.length === reply.value.members.length) throw new Error(`no such member: ${address}`);
  return { ...replies, groups: { ...replies.groups, [group]: known({ ...reply.value, members }) } };
}

/** gcloud's own rule: a binding is its role and its condition, and a member that is not in it can't be removed. */
function rebound(policy: Fact<IamPolicy>, verb: string, flag: (name: string) => string): Fact<IamPolicy> {
  if (policy.kind === 'unknown') throw new Error('nobody knows the policy');
  const wanted = { role: flag('--role'), condition: conditionOf(flag('--condition')) };
  const member = flag('--member');
  const isMeant = ({ role, condition }: Binding): boolean =>
    role === wanted.role && JSON.stringify(ordered(condition)) === JSON.stringify(ordered(wanted.condition));
  const { bindings } = policy.value;
  if (verb.includes('remove')) {
    if (!bindings.some((each) => isMeant(each) && each.members.includes(member)))
      throw new Error(`no such binding: ${JSON.stringify(wanted)} of ${member}`);
    const left = bindings
      .map((each) =>
        isMeant(each) ? { ...each, members: each.members.filter((one) => one !== member) } : each,
      )
      .filter(({ members }) => members.length > 0);
    return known({ ...policy.value, bindings: left });
  }
  return known({ ...policy.value, bindings: [...bindings, { ...wanted, members: [member] }] });
}

function ordered(condition: IamCondition | null): unknown {
  return condition === null ? null : [condition.expression, condition.title, condition.description];
}

/** Reads `--condition` as `gcloud topic escaping` says. */
function conditionOf(text: string): IamCondition | null {
  if (text === 'None') return null;
  const [, delimiter = ',', rest = text] = /^\^(.+?)\^(.*)$/s.exec(text) ?? [];
  const parts = new Map(
    rest.split(delimiter).map((part) => {
      const at = part.indexOf('=');
      return [part.slice(0, at), part.slice(at + 1)] as const;
    }),
  );
  return {
    expression: parts.get('expression') ?? '',
    title: parts.get('title') ?? '',
    description: parts.get('description') ?? null,
  };
}

function updated(
  bucket: Fact<RegistryBucket | null>,
  flags: ReadonlyMap<string, string>,
): Fact<RegistryBucket | null> {
  if (bucket.kind === 'unknown' || bucket.value === null) throw new Error('no bucket to update');
  let after = bucket.value;
  const without = (list: RegistryBucket['acl'], entity: string): RegistryBucket['acl'] =>
    list.kind === 'unknown' ? list : known(list.value.filter((entry) => entry.entity !== entity));
  for (const [name, value] of flags) {
    if (name === '--public-access-prevention') after = { ...after, publicAccessPrevention: 'enforced' };
    else if (name === '--uniform-bucket-level-access') after = { ...after, uniformAccess: known(true) };
    else if (name === '--remove-acl-grant') after = { ...after, acl: without(after.acl, value) };
    else if (name === '--remove-default-object-acl-grant')
      after = { ...after, defaultObjectAcl: without(after.defaultObjectAcl, value) };
    else throw new Error(`not understood: ${name}`);
  }
  return known(after);
}
