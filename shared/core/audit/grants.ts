import { type Fact, known } from '../fact.ts';
import { type Ability, sharedAbilities } from './ability.ts';
import type { IamCondition } from './access.ts';
import { type AccessGraph, type AccessNode, bindingsByRole, type GraphBinding } from './graph.ts';
import { convenienceOf, groupOf } from './member.ts';
import { conditionsOf, type Stand, standsOf } from './stand-for.ts';

/** Who can do what to which registries and accounts, by which way. */
export interface Grant {
  readonly member: string;
  /** From the least to the most; unknown where the role's permissions are. */
  readonly abilities: Fact<readonly Ability[]>;
  /** What it can be done to: `bucket …`, `repository …`, `account …`, `project …`; sorted. */
  readonly on: readonly string[];
  /** The way to it, from the member to the resource: `in group:eng@example.com`, `roles/editor on folder 301`. */
  readonly path: readonly string[];
  /** null: it always holds. Unknown: there is one that the reply hides. */
  readonly condition: Fact<string | null>;
}

/** The members of a group larger than this have no rows of their own: the row of the group stands for them. */
const GROUP_ROWS_MAX = 100;

/**
 * Every grant that reaches the registry or an account. What is granted on the project, on a folder or on the
 * organisation reaches all its buckets and repositories. A group has a row, and so has each of its members
 * that can be seen; a convenience member is followed to the holders of the basic role. By member, then from
 * the nearest folder over the project to registries and accounts, each by role.
 */
export function grants(graph: AccessGraph): readonly Grant[] {
  const byMember = new Map<string, Rows>();
  const rowsOf = rowsFor(graph);
  const accounts = graph.accounts.kind === 'known' ? graph.accounts.value : [];
  const ancestors = graph.ancestors.kind === 'known' ? graph.ancestors.value : [];
  for (const node of [...ancestors, graph.project, ...graph.registries, ...sortedBy(accounts)]) {
    const isAbove = node.kind === 'project' || node.kind === 'folder' || node.kind === 'organization';
    const below: readonly AccessNode[] = isAbove ? [graph.project, ...graph.registries] : [node];
    for (const [role, bindings] of bindingsByRole(node)) {
      const reached = reachOf(below, bindings[0]?.permissions ?? known([]));
      if (reached.length === 0) continue;
      // One list that all rows of this role share: there are many.
      const lastStep = [`${role} on ${node.label}`];
      for (const binding of bindings) addRows(byMember, binding, reached, lastStep, rowsOf);
    }
  }
  const all: Grant[] = [];
  for (const member of [...byMember.keys()].sort()) {
    for (const row of distinct(byMember.get(member) as Rows)) all.push(row);
  }
  return all;
}

/** What is known of one member so far. */
interface Rows {
  readonly rows: Grant[];
  /** The last step that a row came by. */
  last: readonly string[];
  /** Whether one role of one resource came by more than one way: those then need an order, and may be one. */
  isTwofold: boolean;
}

function addRows(
  byMember: Map<string, Rows>,
  binding: GraphBinding,
  reached: readonly Reached[],
  lastStep: readonly string[],
  rowsOf: (member: string) => readonly Stand[] | null,
): void {
  const itself = conditionText(binding, []);
  const add = (member: string, path: readonly string[], condition: Grant['condition']): void => {
    let found = byMember.get(member);
    if (found === undefined) {
      found = { rows: [], last: lastStep, isTwofold: false };
      byMember.set(member, found);
    } else {
      if (found.last === lastStep) found.isTwofold = true;
      found.last = lastStep;
    }
    for (const { abilities, on } of reached) found.rows.push({ member, abilities, on, path, condition });
  };
  for (const member of binding.members) {
    const stands = rowsOf(member);
    if (stands === null) {
      add(member, lastStep, itself);
      continue;
    }
    for (const { who, path, conditions } of stands) {
      add(who, [...path, ...lastStep], conditions.length === 0 ? itself : conditionText(binding, conditions));
    }
  }
}

/** Whom a member has rows for; null for those who stand for themselves, which almost all do. */
function rowsFor(graph: AccessGraph): (member: string) => readonly Stand[] | null {
  const stands = standsOf(graph);
  return (member) => {
    if (groupOf(member) !== null) {
      const inside = stands(member).stands;
      const itself = [{ who: member, path: [], conditions: [] }];
      if (inside.length > GROUP_ROWS_MAX) return itself;
      return [...itself, ...inside.filter(({ who }) => who !== member)];
    }
    return convenienceOf(member) === null ? null : stands(member).stands;
  };
}

function sortedBy<T extends { readonly resource: string }>(nodes: readonly T[]): readonly T[] {
  return [...nodes].sort((a, b) => compareTexts(a.resource, b.resource));
}

interface Reached {
  readonly abilities: Grant['abilities'];
  readonly on: readonly string[];
}

/** What a role allows, once for each group of resources on which it allows the same. */
function reachOf(below: readonly AccessNode[], permissions: GraphBinding['permissions']): readonly Reached[] {
  if (permissions.kind === 'unknown') {
    return [{ abilities: permissions, on: below.map(({ label }) => label).sort() }];
  }
  const groups = new Map<string, { abilities: ReturnType<typeof sharedAbilities>; on: string[] }>();
  for (const { kind, label } of below) {
    if (kind === 'folder' || kind === 'organization' || kind === 'topic') continue;
    const abilities = sharedAbilities(kind, permissions.value);
    if (abilities.value.length === 0) continue;
    const group = groups.get(abilities.value.join()) ?? { abilities, on: [] };
    group.on.push(label);
    groups.set(abilities.value.join(), group);
  }
  return [...groups.values()].map(({ abilities, on }) => ({ abilities, on: on.sort() }));
}

/** Almost every grant has no condition, and one value says so for all of them. */
const UNCONDITIONAL: Grant['condition'] = known(null);

function conditionText(binding: GraphBinding, inherited: readonly Fact<IamCondition>[]): Fact<string | null> {
  if (binding.condition.kind === 'known' && binding.condition.value === null && inherited.length === 0) {
    return UNCONDITIONAL;
  }
  const texts: string[] = [];
  for (const condition of [...inherited, ...conditionsOf(binding)]) {
    if (condition.kind === 'unknown') return condition;
    texts.push(`${condition.value.title}: ${condition.value.expression}`);
  }
  return known(texts.join(' and '));
}

/** The same grant from two bindings is one. Rows of different roles and resources are in order already. */
function distinct({ rows, isTwofold }: Rows): readonly Grant[] {
  if (!isTwofold) return rows;
  const sorted: Grant[] = [];
  for (let from = 0, to = 0; from < rows.length; from = to) {
    const step = rows[from]?.path.at(-1);
    while (to < rows.length && rows[to]?.path.at(-1) === step) to += 1;
    sorted.push(...rows.slice(from, to).sort(compareRows));
  }
  return sorted.filter((row, index) => index === 0 || compareRows(sorted[index - 1] as Grant, row) !== 0);
}

/** Two rows with one path, one first resource and one condition are of the same role and group of resources. */
function compareRows(a: Grant, b: Grant): number {
  const length = Math.max(a.path.length, b.path.length);
  for (let index = 0; index < length; index += 1) {
    const order = compareTexts(a.path[index] ?? '', b.path[index] ?? '');
    if (order !== 0) return order;
  }
  return compareTexts(a.on[0] ?? '', b.on[0] ?? '') || compareTexts(conditionKey(a), conditionKey(b));
}

function conditionKey({ condition }: Grant): string {
  return condition.kind === 'known' ? (condition.value ?? '') : `?${condition.reason}`;
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
