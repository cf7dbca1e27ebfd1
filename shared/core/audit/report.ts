import { type Fact, known } from '../fact.ts';
import type { Finding } from '../finding.ts';
import type { FindingHistory } from '../finding-history.ts';
import { NEVER_EXPIRES_MS } from './access.ts';
import { aclGrants } from './bucket-acl.ts';
import { applyExceptions } from './exception.ts';
import { type AuditedByFile, type AuditFolder, NO_AUDIT_FOLDER } from './folder.ts';
import { type Grants, grants } from './grants.ts';
import { type AccessGraph, accessGraph } from './graph.ts';
import { compareFindings, runChecks } from './index.ts';
import { countSecrets, type SecretCount, secretsByKey } from './key-secrets.ts';
import { keyUses } from './last-use.ts';
import type { AuditReplies } from './replies.ts';
import type { AuditSettings } from './settings.ts';

/** One key that somebody could have downloaded. */
export interface KeyRow {
  readonly account: string;
  readonly keyId: string;
  readonly ageMs: Fact<number>;
  /** Whether the age is only what the certificate of an uploaded key claims. */
  readonly claimed: boolean;
  readonly disabled: boolean;
  readonly accountDisabled: boolean;
  /** When it ends; null means never. */
  readonly endsAtMs: Fact<number | null>;
  /** By whole days and some days late; null means that no use was seen. */
  readonly lastAuthenticatedMs: Fact<number | null>;
  /** In how many pull secrets it was seen; null where nobody asked for pull secrets. */
  readonly pullSecrets: SecretCount | null;
}

/** What the audit of one project found. */
export interface AuditReport {
  readonly version: 2;
  readonly project: string;
  readonly atMs: number;
  /** What fails first, then what could not be seen. */
  readonly findings: readonly Finding[];
  /** Oldest first; those without a known age before them. */
  readonly keys: readonly KeyRow[];
  /** By member, then path. */
  readonly grants: Grants;
  /** What the lists above may lack, one sentence each. */
  readonly notSeen: readonly string[];
  /** The files of policies and exceptions that it went by. */
  readonly policyFiles: readonly AuditedByFile[];
  /** What changed since the audit before; null until it is compared with that. */
  readonly history: FindingHistory | null;
}

/** Makes the whole report of what was read. */
export function auditReport(
  replies: AuditReplies,
  nowMs: number,
  settings: AuditSettings,
  folder: AuditFolder = NO_AUDIT_FOLDER,
): AuditReport {
  const graph = accessGraph(replies);
  return {
    version: 2,
    project: replies.project,
    atMs: nowMs,
    findings: [
      ...applyExceptions(
        runChecks(replies, nowMs, { ...settings, policies: folder.policies }, graph),
        folder,
        replies.project,
        nowMs,
      ),
    ].sort(compareFindings),
    keys: keyRows(replies, nowMs),
    grants: grants(graph),
    notSeen: notSeen(replies, graph),
    policyFiles: folder.files,
    history: null,
  };
}

function keyRows(replies: AuditReplies, nowMs: number): readonly KeyRow[] {
  if (replies.accounts.kind === 'unknown') return [];
  const useOf = keyUses(replies);
  const bySecret = replies.pullSecrets === null ? null : secretsByKey(replies.pullSecrets);
  const rows: KeyRow[] = [];
  for (const { account, keys } of replies.accounts.value) {
    if (keys.kind === 'unknown') continue;
    for (const key of keys.value) {
      if (key.keyType === 'SYSTEM_MANAGED') continue;
      const { validAfterMs, validBeforeMs } = key;
      const use = useOf(account, key.id);
      rows.push({
        account: account.email,
        keyId: key.id,
        ageMs: validAfterMs.kind === 'known' ? known(nowMs - validAfterMs.value) : validAfterMs,
        claimed: key.origin !== 'GOOGLE_PROVIDED',
        disabled: key.disabled,
        accountDisabled: account.disabled,
        endsAtMs:
          validBeforeMs.kind === 'known'
            ? known(validBeforeMs.value >= NEVER_EXPIRES_MS ? null : validBeforeMs.value)
            : validBeforeMs,
        lastAuthenticatedMs: use.kind === 'known' ? known(use.value.lastAuthenticatedMs) : use,
        pullSecrets: bySecret === null ? null : countSecrets(bySecret.get(key.id) ?? []),
      });
    }
  }
  const order = (row: KeyRow): number => (row.ageMs.kind === 'known' ? row.ageMs.value : Number.MAX_VALUE);
  const name = (row: KeyRow): string => `${row.account}/${row.keyId}`;
  return rows.sort((a, b) => order(b) - order(a) || (name(a) < name(b) ? -1 : 1));
}

function notSeen(replies: AuditReplies, graph: AccessGraph): readonly string[] {
  const lines = ['Deny policies, and who can act as accounts of other projects, are not read.'];
  const tell = (what: string, fact: Fact<unknown>): void => {
    if (fact.kind === 'unknown') lines.push(`${what}: ${fact.reason}`);
  };
  tell('The service accounts', replies.accounts);
  if (replies.accounts.kind === 'known') {
    for (const { account, keys } of replies.accounts.value) tell(`The keys of ${account.email}`, keys);
  }
  tell('The last use of keys', replies.keyActivity);
  tell('The last use of accounts', replies.accountActivity);
  tell('What is above the project', replies.ancestors);
  tell('The organisation', replies.organization);
  for (const [name, policy] of Object.entries(replies.orgPolicies)) tell(`The constraint ${name}`, policy);
  for (const { label, reason } of graph.unlisted) lines.push(`${label}: ${reason}`);
  const above = graph.ancestors.kind === 'known' ? graph.ancestors.value : [];
  const accounts = graph.accounts.kind === 'known' ? graph.accounts.value : [];
  for (const node of [...above, ...accounts]) tell(`The policy of ${node.label}`, node.bindings);
  for (const node of [graph.project, ...graph.registries]) {
    tell(`The policy of ${node.label}`, node.bindings);
    if (node.kind !== 'bucket') continue;
    tell(`The settings of ${node.label}`, node.bucket);
    if (node.bucket.kind === 'known') lines.push(...aclGrants(node, graph).unseen.map(sentence));
  }
  tell('The state of the move to Artifact Registry', replies.redirection);
  tell('The policy of topic gcr', replies.topicPolicy);
  tell('The clusters', replies.clusters);
  if (replies.pullSecrets === null) {
    lines.push('Pull secrets of clusters are read only where the command line names them (--pull-secrets).');
  }
  for (const { what, reason } of replies.pullSecrets?.unseen ?? []) {
    lines.push(`The pull secrets of ${what}: ${reason}`);
  }
  for (const { name, contents } of replies.buckets) {
    if (contents !== null) tell(`What bucket ${name} holds`, contents);
  }
  for (const [address, group] of Object.entries(replies.groups).sort(([a], [b]) => (a < b ? -1 : 1))) {
    tell(`The members of ${address}`, group);
  }
  for (const [role, permissions] of Object.entries(replies.roles).sort(([a], [b]) => (a < b ? -1 : 1))) {
    tell(`The permissions of ${role}`, permissions);
  }
  return lines;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
