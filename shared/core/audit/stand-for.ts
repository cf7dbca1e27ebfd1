import type { Fact } from '../fact.ts';
import type { IamCondition } from './access.ts';
import { type AccessGraph, type AncestorNode, conditionOf, type GraphBinding, rolesOn } from './graph.ts';
import { convenienceOf, groupOf } from './member.ts';

/** Somebody whom a member of a binding stands for. */
export interface Stand {
  /** A user, an account, a set of principals, everybody: what can't be taken apart any more. */
  readonly who: string;
  /** From `who` to the member: `in group:a@example.com`, …; empty where it is the member itself. */
  readonly path: readonly string[];
  /** All have to hold; empty: always. */
  readonly conditions: readonly Fact<IamCondition>[];
}

/** All whom a member stands for, as far as it can be seen. */
export interface Stands {
  readonly stands: readonly Stand[];
  /** Why there may be more. */
  readonly unseen: readonly string[];
}

const NONE: readonly Fact<IamCondition>[] = [];

/** The condition of a binding as a list: empty where it has none. */
export function conditionsOf({ condition }: Pick<GraphBinding, 'condition'>): readonly Fact<IamCondition>[] {
  if (condition.kind === 'unknown') return [condition];
  return condition.value === null ? NONE : [{ kind: 'known', value: condition.value }];
}

/**
 * Follows groups to their members, through groups in groups, and `projectEditor:P` to the holders of the
 * basic role on P, inherited or not. A group that can't be read stays in the place of its members. Each
 * member is followed once, and the shortest way to somebody is the one that is told.
 */
export function standsOf(graph: AccessGraph): (member: string) => Stands {
  const stored = new Map<string, Stands>();
  return (member) => {
    let found = stored.get(member);
    if (found === undefined) {
      found = groupOf(member) === null ? follow(graph, member) : followGroup(graph, member);
      stored.set(member, found);
    }
    return found;
  };
}

function follow(graph: AccessGraph, member: string): Stands {
  const convenience = convenienceOf(member);
  if (convenience === null) return { stands: [alone(member)], unseen: [] };
  if (`project ${convenience.project}` !== graph.project.label) {
    return {
      stands: [{ who: member, path: [], conditions: [] }],
      unseen: [`${member} stands for people of another project, which is not read`],
    };
  }
  const best = new Map<string, Stand>();
  const unseen = new Set<string>();
  for (const node of upFrom(graph, unseen)) {
    if (node.bindings.kind === 'unknown') {
      unseen.add(`the policy of ${node.label}: ${node.bindings.reason}`);
      // It stays in the place of whom it stands for there.
      keepBetter(best, { who: member, path: [], conditions: [] });
      continue;
    }
    const basic = rolesOn(node).find(({ role }) => role === convenience.role);
    for (const binding of basic?.written ?? []) {
      const conditions = conditionsOf({ condition: conditionOf(binding) });
      for (const holder of binding.members) {
        // One that names the same project again leads in a circle.
        if (convenienceOf(holder)?.project === convenience.project) continue;
        const inside =
          groupOf(holder) === null ? { stands: [alone(holder)], unseen: [] } : followGroup(graph, holder);
        for (const reason of inside.unseen) unseen.add(reason);
        for (const { who, path } of inside.stands) {
          const way = [...path, `${convenience.role} on ${node.label}`, member];
          keepBetter(best, { who, path: way, conditions });
        }
      }
    }
  }
  return { stands: [...best.values()], unseen: [...unseen].sort() };
}

/** Who stands for himself. */
export function alone(member: string): Stand {
  return { who: member, path: [], conditions: NONE };
}

/** The project and what is above it; says so where that is not known. */
export function upFrom(
  graph: AccessGraph,
  unseen: Set<string>,
): readonly (AccessGraph['project'] | AncestorNode)[] {
  if (graph.ancestors.kind === 'unknown') {
    unseen.add(`what is above the project: ${graph.ancestors.reason}`);
    return [graph.project];
  }
  return [graph.project, ...graph.ancestors.value];
}

function followGroup(graph: AccessGraph, member: string): Stands {
  const best = new Map<string, Stand>();
  const unseen = new Set<string>();
  const seen = new Set([member]);
  let level: Stand[] = [{ who: member, path: [], conditions: [] }];
  while (level.length > 0) {
    const next: Stand[] = [];
    for (const { who: group, path } of level) {
      const address = groupOf(group) ?? '';
      const reply = Object.hasOwn(graph.groups, address) ? graph.groups[address] : undefined;
      if (reply === undefined || reply.kind === 'unknown') {
        unseen.add(`the members of ${group}: ${reply?.reason ?? 'they were not asked for'}`);
        keepBetter(best, { who: group, path, conditions: [] });
        continue;
      }
      for (const other of reply.value.others) {
        unseen.add(`the members of ${group}: some are of the type ${other}`);
      }
      for (const inside of reply.value.members) {
        const stand = { who: inside, path: [`in ${group}`, ...path], conditions: [] };
        if (groupOf(inside) === null) keepBetter(best, stand);
        else if (!seen.has(inside)) {
          seen.add(inside);
          next.push(stand);
        }
      }
    }
    level = next;
  }
  return { stands: [...best.values()], unseen: [...unseen].sort() };
}

/** Keeps one way to each: one that always holds before a conditional one, then the shorter, then by name. */
export function keepBetter<T extends Stand>(best: Map<string, T>, stand: T): void {
  const kept = best.get(stand.who);
  if (kept === undefined || compareStands(stand, kept) < 0) best.set(stand.who, stand);
}

function compareStands(a: Stand, b: Stand): number {
  return (
    Math.sign(a.conditions.length) - Math.sign(b.conditions.length) ||
    a.path.length - b.path.length ||
    a.conditions.length - b.conditions.length ||
    compareTexts(JSON.stringify([a.path, a.conditions]), JSON.stringify([b.path, b.conditions]))
  );
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
