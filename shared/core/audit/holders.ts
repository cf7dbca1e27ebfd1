import type { Fact } from '../fact.ts';
import type { IamCondition } from './access.ts';
import { neverHolds } from './condition.ts';
import {
  type AccessGraph,
  type AccessNode,
  type AccountNode,
  bindingOf,
  type GraphBinding,
} from './graph.ts';
import { convenienceOf, groupOf, isServiceAgent } from './member.ts';
import type { Permission } from './role-permissions.ts';
import { conditionsOf, keepBetter, type Stand, type Stands, standsOf, upFrom } from './stand-for.ts';

/** One way by which somebody holds a permission on a resource. */
export interface Holding {
  /** A user, an account, a set of principals, everybody; a group only where its members can't be seen. */
  readonly who: string;
  /** From `who` to the resource: `in group:a@example.com`, `roles/editor on folder 301`. */
  readonly path: readonly string[];
  /** All have to hold; empty: always. Unknown where a reply hides one. */
  readonly conditions: readonly Fact<IamCondition>[];
  /** The binding at the end of the way, which gives the permission, and the member of it that it goes through. */
  readonly grant: { readonly node: AccessNode; readonly binding: GraphBinding; readonly member: string };
}

/** All who hold a permission, as far as it can be seen. */
export interface Holders {
  readonly holdings: readonly Holding[];
  /** Why there may be more, sorted. Only where this is empty are the holders all there are. */
  readonly unseen: readonly string[];
}

/** Whoever has one of these on an account can do what the account can do. */
const ACTING: readonly Permission[] = [
  'iam.serviceAccounts.getAccessToken',
  'iam.serviceAccounts.signBlob',
  'iam.serviceAccounts.signJwt',
  'iam.serviceAccounts.actAs',
  'iam.serviceAccountKeys.create',
  'iam.serviceAccounts.setIamPolicy',
];

/** Somebody who can act as an account. */
interface Actor extends Stand {
  /** `act`: as the account itself. `delegate`: only through it, to accounts that it can get a token of. */
  readonly mode: 'act' | 'delegate';
  /** Whether it is by `getAccessToken`, the only way that a delegation ends with. */
  readonly hasToken: boolean;
}

/**
 * Answers who holds a permission on a resource: by permission and not by role, with what is inherited, through
 * groups and convenience members, and by acting as an account. Nothing is kept from one audit to the next.
 */
export class AccessResolver {
  readonly #graph: AccessGraph;
  readonly #nowMs: number;
  readonly #stands: (member: string) => Stands;
  readonly #accounts: ReadonlyMap<string, AccountNode>;
  readonly #actors = new Map<
    AccountNode,
    { readonly actors: readonly Actor[]; readonly unseen: readonly string[] }
  >();

  constructor(graph: AccessGraph, nowMs: number) {
    this.#graph = graph;
    this.#nowMs = nowMs;
    this.#stands = standsOf(graph);
    const accounts = graph.accounts.kind === 'known' ? graph.accounts.value : [];
    this.#accounts = new Map(accounts.map((node) => [`serviceAccount:${node.account.email}`, node]));
  }

  /** Who holds the permission by a binding on the resource or above it, every way of everybody. */
  direct(node: AccessNode, permission: Permission): Holders {
    const holdings: Holding[] = [];
    const unseen = new Set<string>();
    for (const from of this.#above(node, unseen)) {
      if (from.bindings.kind === 'unknown') {
        unseen.add(`the policy of ${from.label}: ${from.bindings.reason}`);
        continue;
      }
      for (const each of from.bindings.value) {
        const { role, permissions } = each;
        if (permissions.kind === 'unknown') {
          unseen.add(`the permissions of ${role}: ${permissions.reason}`);
        } else if (permissions.value.includes(permission)) {
          // One list that all holdings by this role share: there are many.
          const steps = [`${role} on ${from.label}`];
          for (const written of each.written) {
            this.#addHoldings(node, from, bindingOf(each, written), steps, holdings, unseen);
          }
        }
      }
    }
    return { holdings: holdings.sort(compareHoldings), unseen: [...unseen].sort() };
  }

  /**
   * Who can get the permission by acting as an account that holds it, in however many steps: one way for each,
   * one that always holds before a conditional one, then the shortest.
   */
  byActing(node: AccessNode, permission: Permission): Holders {
    const { holdings, unseen: directlyUnseen } = this.direct(node, permission);
    const unseen = new Set(directlyUnseen);
    if (this.#graph.accounts.kind === 'unknown') {
      unseen.add(`the service accounts: ${this.#graph.accounts.reason}`);
    }
    const best = new Map<string, Holding>();
    // First what always holds, so that no condition stands where there is a way without.
    for (const withConditions of [false, true]) {
      const sources = new Map<string, Holding>();
      for (const holding of holdings) {
        if (withConditions || holding.conditions.length === 0) keepBetter(sources, holding);
      }
      for (const holding of this.#walk(sources, withConditions, unseen)) {
        if (!best.has(holding.who)) best.set(holding.who, holding);
      }
    }
    return { holdings: [...best.values()].sort(compareHoldings), unseen: [...unseen].sort() };
  }

  /** Level by level from the accounts that hold the permission to those who can act as them. */
  *#walk(
    sources: ReadonlyMap<string, Holding>,
    withConditions: boolean,
    unseen: Set<string>,
  ): Generator<Holding> {
    const reached = new Set<string>();
    const visited = new Set<string>();
    let level = [...sources.values()].map((holding) => ({ holding, mode: 'act' }));
    for (const { holding } of level) visited.add(`act ${holding.who}`);
    while (level.length > 0) {
      const next = new Map<string, { holding: Holding; mode: 'act' | 'delegate' }>();
      const found = new Map<string, Holding>();
      for (const { holding, mode } of level) {
        const node = this.#accounts.get(holding.who);
        if (node === undefined) {
          if (isForeignAccount(holding.who)) {
            unseen.add(`who can act as ${holding.who}: it is not an account of this project`);
          }
          continue;
        }
        const { actors, unseen: notSeen } = this.#actorsOn(node);
        for (const reason of notSeen) unseen.add(reason);
        for (const actor of actors) {
          if (!withConditions && actor.conditions.length > 0) continue;
          const way: Holding = {
            who: actor.who,
            path: [...actor.path, ...holding.path],
            conditions: [...actor.conditions, ...holding.conditions],
            grant: holding.grant,
          };
          const push = (to: 'act' | 'delegate'): void => {
            const key = `${to} ${way.who}`;
            const kept = next.get(key);
            if (!visited.has(key) && (kept === undefined || compareHoldings(way, kept.holding) < 0)) {
              next.set(key, { holding: way, mode: to });
            }
          };
          if (actor.mode === (mode === 'act' ? 'act' : 'delegate')) {
            if (!reached.has(way.who)) keepBetter(found, way);
            push('act');
            if (mode === 'delegate' || actor.hasToken) push('delegate');
          }
        }
      }
      for (const [who, way] of found) {
        reached.add(who);
        yield way;
      }
      for (const key of next.keys()) visited.add(key);
      level = [...next.values()];
    }
  }

  /** Who can act as an account, and who can delegate through it. */
  #actorsOn(node: AccountNode): { readonly actors: readonly Actor[]; readonly unseen: readonly string[] } {
    const stored = this.#actors.get(node);
    if (stored !== undefined) return stored;
    const unseen = new Set<string>();
    const actors: Actor[] = [];
    const add = (permission: Permission, mode: Actor['mode']): void => {
      const { holdings, unseen: notSeen } = this.direct(node, permission);
      for (const reason of notSeen) unseen.add(reason);
      const best = new Map<string, Holding>();
      for (const holding of holdings) keepBetter(best, holding);
      for (const { who, path, conditions } of best.values()) {
        const step = `${permission} on ${node.label}`;
        const hasToken = permission === 'iam.serviceAccounts.getAccessToken';
        actors.push({ who, path: [...path, step], conditions, mode, hasToken });
      }
    };
    for (const permission of ACTING) add(permission, 'act');
    add('iam.serviceAccounts.implicitDelegation', 'delegate');
    const found = { actors, unseen: [...unseen].sort() };
    this.#actors.set(node, found);
    return found;
  }

  /** The resource itself, then what it inherits from. */
  #above(node: AccessNode, unseen: Set<string>): readonly AccessNode[] {
    const up = upFrom(this.#graph, unseen);
    if (node.kind === 'project') return up;
    if (node.kind === 'folder' || node.kind === 'organization') {
      const at = up.findIndex(({ resource }) => resource === node.resource);
      return at === -1 ? [node] : up.slice(at);
    }
    return [node, ...up];
  }

  #addHoldings(
    node: AccessNode,
    from: AccessNode,
    binding: GraphBinding,
    steps: readonly string[],
    holdings: Holding[],
    unseen: Set<string>,
  ): void {
    const conditions = conditionsOf(binding);
    if (conditions.some((condition) => isNothing(condition, node, this.#nowMs))) return;
    for (const member of binding.members) {
      const grant = { node: from, binding, member };
      if (groupOf(member) === null && convenienceOf(member) === null) {
        holdings.push({ who: member, path: steps, conditions, grant });
        continue;
      }
      const { stands, unseen: notSeen } = this.#stands(member);
      for (const reason of notSeen) unseen.add(reason);
      for (const stand of stands) {
        holdings.push({
          who: stand.who,
          path: [...stand.path, ...steps],
          conditions: [...stand.conditions, ...conditions],
          grant,
        });
      }
    }
  }
}

function isNothing(condition: Fact<IamCondition>, node: AccessNode, nowMs: number): boolean {
  if (condition.kind === 'unknown') return false;
  // Only buckets and repositories are named by conditions in a way that can be judged here.
  const name = node.kind === 'bucket' ? node.resource.replace('//storage.googleapis.com/', '') : null;
  return neverHolds(condition.value.expression, name, nowMs);
}

/** An account that somebody could act as, of a project that is not this one. Google's own agents nobody can. */
function isForeignAccount(member: string): boolean {
  return member.startsWith('serviceAccount:') && !member.includes('.svc.id.goog[') && !isServiceAgent(member);
}

function compareHoldings(a: Holding, b: Holding): number {
  return (
    compareTexts(a.who, b.who) ||
    Math.sign(a.conditions.length) - Math.sign(b.conditions.length) ||
    a.path.length - b.path.length ||
    compareTexts(keyOf(a), keyOf(b))
  );
}

function keyOf({ path, conditions, grant }: Holding): string {
  return JSON.stringify([path, conditions, grant.member]);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
