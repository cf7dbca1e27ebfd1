import type { AuditCase } from './check.ts';
import { isDefaultComputeAccount } from './default-account.ts';

/** How an account can be had without a key, one clause each. */
export interface KeylessWays {
  /** Somebody does it, or may, already. */
  readonly already: readonly string[];
  /** What runs in the project could. */
  readonly possible: readonly string[];
  /** Why there may be more ways; null where these are all that can be seen here. */
  readonly doubt: string | null;
}

/** `P.svc.id.goog[NAMESPACE/NAME]`, which only looks like an account, and members of identity pools. */
const WORKLOAD =
  /^(?:serviceAccount:[^[\]]+\.svc\.id\.goog\[[^\]]+\]|principal(?:Set)?:\/\/iam\.googleapis\.com\/.*\/workloadIdentityPools\/.+)$/;

/** Finds how an account can be had without a key: by the policy on it, by nodes, by clusters of the project. */
export function keylessWays(email: string, { graph, replies }: AuditCase): KeylessWays {
  const already: string[] = [];
  const possible: string[] = [];
  const doubts: string[] = [];
  const accounts = graph.accounts.kind === 'known' ? graph.accounts.value : [];
  const node = accounts.find(({ account }) => account.email === email);
  if (node === undefined || node.bindings.kind === 'unknown') {
    doubts.push(
      `the policy of account ${email}: ${node?.bindings.kind === 'unknown' ? node.bindings.reason : 'it was not read'}`,
    );
  } else {
    for (const { written, permissions, role } of node.bindings.value) {
      const workloads = written.flatMap(({ members }) => members.filter((member) => WORKLOAD.test(member)));
      if (workloads.length === 0) continue;
      if (permissions.kind === 'unknown') doubts.push(`the permissions of ${role}: ${permissions.reason}`);
      else if (permissions.value.includes('iam.serviceAccounts.getAccessToken')) {
        for (const member of workloads) already.push(`${member} can act as it without one`);
      }
    }
  }
  if (replies.clusters.kind === 'unknown') doubts.push(`the clusters: ${replies.clusters.reason}`);
  else {
    for (const { name, location, workloadPool, nodePools } of replies.clusters.value) {
      for (const pool of nodePools) {
        const isIts =
          pool.account === email || (pool.account === 'default' && isDefaultComputeAccount(email));
        if (isIts) already.push(`nodes of ${location}/${name} (${pool.name}) are it without one`);
      }
      if (workloadPool !== null) possible.push(`cluster ${location}/${name} has workload identity`);
    }
  }
  return { already: already.sort(), possible: possible.sort(), doubt: doubts.sort()[0] ?? null };
}
