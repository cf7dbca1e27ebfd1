import { type Ability, abilitiesOn, type Reach } from './ability.ts';
import { allNodes } from './account-binding.ts';
import { neverHolds } from './condition.ts';
import { type AccessGraph, type AccessNode, conditionOf, rolesOn } from './graph.ts';
import { convenienceOf, groupOf } from './member.ts';
import type { Permission } from './role-permissions.ts';
import { standsOf } from './stand-for.ts';

/** Something that an account of the project may do, with the way to it. */
export interface AccountRight {
  readonly ability: Ability;
  /** `project acme`, `repository europe-west1/services`, `every bucket of project acme` */
  readonly on: string;
  /** From the account to the resource: `in group:ops@example.com`, `roles/owner on folder 301`. */
  readonly path: readonly string[];
}

/** What the project's accounts may do, as far as it can be seen. */
export interface AccountRights {
  /** By the account's address; the strongest ability first, then from the top down. */
  readonly byAccount: ReadonlyMap<string, readonly AccountRight[]>;
  /** Why there may be more, sorted. */
  readonly unseen: readonly string[];
}

/** What makes an account an administrator: to change policies, to make keys of other accounts, to act as them. */
const ADMIN: readonly Ability[] = ['administer', 'make keys', 'act as'];

/**
 * Finds which accounts of the project are administrators, by permission: on the project and above it, on a registry,
 * or on another account; also through groups and as holders of a basic role.
 */
export function adminRights(graph: AccessGraph, nowMs: number): AccountRights {
  const accounts = graph.accounts.kind === 'known' ? graph.accounts.value : [];
  const found = new Map<string, AccountRight[]>(accounts.map(({ account }) => [account.email, []]));
  const unseen = new Set<string>();
  if (found.size === 0) return { byAccount: found, unseen: [] };
  const follow = standsOf(graph);
  const add = (who: string, own: string | null, rights: readonly AccountRight[]): void => {
    const email = who.startsWith('serviceAccount:') ? who.slice('serviceAccount:'.length) : null;
    // What an account may do with itself makes it no administrator of others.
    if (email !== null && email !== own) found.get(email)?.push(...rights);
  };
  if (graph.ancestors.kind === 'unknown') unseen.add(`what is above the project: ${graph.ancestors.reason}`);
  for (const { label, reason } of graph.unlisted) unseen.add(`${label}: ${reason}`);
  for (const node of allNodes(graph)) {
    if (node.kind === 'topic') continue;
    if (node.bindings.kind === 'unknown') {
      unseen.add(`the policy of ${node.label}: ${node.bindings.reason}`);
      continue;
    }
    const own = node.kind === 'account' ? node.account.email : null;
    for (const { role, permissions, written, kinds } of rolesOn(node)) {
      if (permissions.kind === 'unknown') {
        unseen.add(`the permissions of ${role}: ${permissions.reason}`);
        continue;
      }
      const rights = adminRightsBy(node, permissions.value);
      if (rights.length === 0 || !(kinds.hasAccounts || kinds.hasSets)) continue;
      const step = `${role} on ${node.label}`;
      const direct = rights.map((right) => ({ ...right, path: [step] }));
      for (const binding of written) {
        const condition = conditionOf(binding);
        const expression = condition.kind === 'known' ? condition.value?.expression : undefined;
        if (expression !== undefined && neverHolds(expression, null, nowMs)) continue;
        for (const member of binding.members) {
          if (groupOf(member) === null && convenienceOf(member) === null) {
            add(member, own, direct);
            continue;
          }
          const { stands, unseen: notSeen } = follow(member);
          for (const reason of notSeen) unseen.add(reason);
          for (const { who, path } of stands) {
            if (!who.startsWith('serviceAccount:')) continue;
            add(
              who,
              own,
              rights.map((right) => ({ ...right, path: [...path, step] })),
            );
          }
        }
      }
    }
  }
  for (const rights of found.values()) rights.sort(compareRights);
  return { byAccount: found, unseen: [...unseen].sort() };
}

/** What a role administers; one on the project or above may reach one kind of resource below and nothing else. */
function adminRightsBy(
  node: AccessNode,
  permissions: readonly Permission[],
): readonly Pick<AccountRight, 'ability' | 'on'>[] {
  const by = (kind: Reach, on: string) =>
    abilitiesOn([kind], permissions)
      .filter((ability) => ADMIN.includes(ability))
      .map((ability) => ({ ability, on }));
  if (node.kind === 'bucket' || node.kind === 'repository' || node.kind === 'account')
    return by(node.kind, node.label);
  const whole = by('project', node.label);
  const below = node.kind === 'project' ? 'of' : 'below';
  const parts = (['repository', 'bucket', 'account'] as const).flatMap((kind) =>
    by(kind, `every ${kind} ${below} ${node.label}`),
  );
  return [...whole, ...parts.filter(({ ability }) => !whole.some((right) => right.ability === ability))];
}

function compareRights(a: AccountRight, b: AccountRight): number {
  return (
    ADMIN.indexOf(a.ability) - ADMIN.indexOf(b.ability) ||
    Number(b.on.startsWith('project')) - Number(a.on.startsWith('project')) ||
    (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0)
  );
}

function keyOf({ on, path }: AccountRight): string {
  return JSON.stringify([on, path]);
}
